import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = '/usr/bin/etcd'

/** A real etcd of one member on loopback, in a directory of its own. It can be killed and started again on the same data. */
export class EtcdServer {
  readonly endpoint: string
  readonly #args: string[]
  readonly #directory: string
  #child: ChildProcess | undefined

  private constructor(directory: string, endpoint: string, args: string[]) {
    this.#directory = directory
    this.endpoint = endpoint
    this.#args = args
  }

  /** `scheme` https needs the server's own TLS options among `args`. */
  static async start(args: string[] = [], scheme: 'http' | 'https' = 'http'): Promise<EtcdServer> {
    if (!existsSync(program)) throw new Error(`These tests need ${program}: install the package etcd-server.`)
    const directory = await mkdtemp(join(tmpdir(), 'agola-etcd-'))
    const endpoint = `${scheme}://127.0.0.1:${await freePort()}`
    const peer = `http://127.0.0.1:${await freePort()}`
    const server = new EtcdServer(directory, endpoint, [
      ...['--name', 'one', '--data-dir', directory, '--log-level', 'error'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`],
      ...args,
    ])
    await server.restart()
    return server
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts it, on the data that it had. Resolves when it accepts connections. */
  async restart(): Promise<void> {
    const child = spawn(program, this.#args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    let errors = ''
    child.stderr?.on('data', (chunk) => {
      errors += chunk
    })
    while (!(await this.#accepts())) {
      if (child.exitCode !== null) throw new Error(`etcd has ended with ${child.exitCode}: ${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends it as a power cut would: it may not finish anything. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Stops it from running without closing its connections, as a paused machine would. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Forgets all data; the next start is another store. */
  async wipe(): Promise<void> {
    await this.kill()
    await rm(join(this.#directory, 'member'), { recursive: true, force: true })
  }

  async destroy(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #accepts(): Promise<boolean> {
    const { connect } = await import('node:net')
    const { port, hostname } = new URL(this.endpoint)
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname)
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}
