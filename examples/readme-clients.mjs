// Two clients for examples/quickstart/existing.mjs: one that knows nothing of lastword, and one that does. Run by
// readme-programs.mjs, in a folder that has the packages.
import process from 'node:process'
import { connect } from '@lastword/sdk'
import { WebSocket } from 'ws'

const url = `ws://localhost:${process.argv[2]}`

const socket = new WebSocket(url)
socket.on('open', () => socket.send('Ada'))
await new Promise((resolve) => {
  socket.on('message', (data) => console.log(`plain: ${data}`)).on('close', resolve)
})

const session = connect(url)
console.log(`lastword: ${await session.request('hello', 'Ada')}`)
await session.close()
