import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Passes bytes on to a server on loopback, until it is told to misbehave. */
export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<[Socket, Socket]>()
  readonly port: number

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
    const proxy = new TcpProxy(server, address.port)
    server.on('connection', (client) => proxy.#join(client, connect(targetPort, '127.0.0.1')))
    return proxy
  }

  /** Connections that stand pass nothing any more and stay open; new ones work. */
  freeze(): void {
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        socket.unpipe()
        socket.pause()
      }
    }
  }

  /** Ends all connections that stand, without a farewell. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  #join(client: Socket, server: Socket): void {
    const pair: [Socket, Socket] = [client, server]
    this.#pairs.add(pair)
    client.pipe(server)
    server.pipe(client)
    for (const socket of pair) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        this.#pairs.delete(pair)
        client.destroy()
        server.destroy()
      })
    }
  }
}
