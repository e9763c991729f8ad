import { generate } from 'selfsigned'

/** A private key and its certificate, both in PEM. They fit `https.createServer` as they are. */
export interface Certificate {
  key: string
  cert: string
}

let made: Promise<Certificate> | undefined

/**
 * A self-signed certificate for `localhost`, `127.0.0.1` and `::1`, valid from yesterday for a week. It is made
 * once per process and kept in memory only, so there is no key to leak and none to expire in a repository.
 * A client trusts it with `ca: cert`.
 */
export function certificate(): Promise<Certificate> {
  made ??= make()
  return made
}

const dayMs = 24 * 60 * 60 * 1000

async function make(): Promise<Certificate> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    // An elliptic key takes milliseconds where RSA takes up to a second.
    keyType: 'ec',
    algorithm: 'sha256',
    // A clock that is a little behind must not make the certificate invalid.
    notBeforeDate: new Date(Date.now() - dayMs),
    notAfterDate: new Date(Date.now() + 7 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { key: pems.private, cert: pems.cert }
}
