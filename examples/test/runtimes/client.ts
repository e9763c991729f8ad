import { connect } from '@lastword/sdk'

/** One request to a server that closes at once, in whatever runtime this is. Writes what came of it. */
declare const process: { env: { [name: string]: string | undefined }; exit(code: number): never }

const results = []
for (const url of (process.env.LASTWORD_TEST_URLS ?? '').split(' ')) {
  const session = connect(url, {
    tls: { ca: process.env.LASTWORD_TEST_CA as string },
    signal: AbortSignal.timeout(10_000),
  })
  const answer = (await session.request('offer', { sdp: 'my offer' })) as { sdp: string }
  const { clean, code } = await session.close()
  results.push({ scheme: url.split(':')[0], length: answer.sdp.length, clean, code })
}
console.log(JSON.stringify(results))
process.exit(0)
