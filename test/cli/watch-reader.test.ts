import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { watchReader } from '../../src/cli/watch-reader.ts'

test('tells that the other end of a socket is gone, though nothing is written', async () => {
  // Nobody reads from it here either, so that nothing else sees the end.
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  const { fd } = Reflect.get(socket, '_handle') as { fd: number }
  let isGone = false
  const gone = new Promise<void>((resolve) =>
    watchReader(fd, () => {
      isGone = true
      resolve()
    }),
  )
  expect(isGone).toBe(false)
  client.resetAndDestroy()
  await gone
  socket.destroy()
  server.close()
})
