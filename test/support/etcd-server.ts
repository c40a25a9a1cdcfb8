import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = '/usr/bin/etcd'

/** A member of a real etcd on loopback, most often the only one, in a directory of its own. It can be killed and started again on the same data. */
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
    const [server] = await EtcdServer.#prepare(1, args, scheme)
    if (server === undefined) throw new Error('There is no server.')
    await server.restart()
    return server
  }

  /** Members of one cluster, each in a process of its own; they elect anew within about a second. */
  static async startCluster(size: number): Promise<EtcdServer[]> {
    const members = await EtcdServer.#prepare(size, ['--heartbeat-interval', '50', '--election-timeout', '500'], 'http')
    await Promise.all(members.map((member) => member.restart()))
    return members
  }

  static async #prepare(size: number, args: string[], scheme: string): Promise<EtcdServer[]> {
    if (!existsSync(program)) throw new Error(`These tests need ${program}: install the package etcd-server.`)
    const names = Array.from({ length: size }, (_, at) => `member${at}`)
    const [clients, peers] = [await freePorts(size), await freePorts(size)]
    const peerOf = (at: number) => `http://127.0.0.1:${peers[at]}`
    const cluster = names.map((name, at) => `${name}=${peerOf(at)}`).join(',')
    return Promise.all(
      names.map(async (name, at) => {
        const directory = await mkdtemp(join(tmpdir(), 'agola-etcd-'))
        const endpoint = `${scheme}://127.0.0.1:${clients[at]}`
        return new EtcdServer(directory, endpoint, [
          ...['--name', name, '--data-dir', directory, '--log-level', 'error'],
          ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
          ...['--listen-peer-urls', peerOf(at), '--initial-advertise-peer-urls', peerOf(at)],
          ...['--initial-cluster', cluster],
          ...args,
        ])
      }),
    )
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

  /** Stops it from running without closing its connections, as a paused machine would. Resolves when none of its threads runs any
   *  more: the signal alone is only sent, and answers can still come. */
  async pause(): Promise<void> {
    this.#child?.kill('SIGSTOP')
    while (!(await hasStopped(this.pid))) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Forgets all data; the next start is another store. */
  async wipe(): Promise<void> {
    await this.kill()
    await rm(join(this.#directory, 'member'), { recursive: true, force: true })
  }

  /** Ends it and keeps its data for `restoreBackup`. */
  async makeBackup(): Promise<void> {
    await this.kill()
    await cp(join(this.#directory, 'member'), join(this.#directory, 'backup'), { recursive: true })
  }

  /** Its data as it was at the backup; the next start serves it under the same address. */
  async restoreBackup(): Promise<void> {
    await this.wipe()
    await cp(join(this.#directory, 'backup'), join(this.#directory, 'member'), { recursive: true })
  }

  async destroy(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** What an operator does when it is out of space: after a compaction. */
  async makeRoom(): Promise<void> {
    const call = async (path: string, body: object) => {
      const request = { method: 'POST', body: JSON.stringify(body) }
      const answer = await fetch(`${this.endpoint}/v3/maintenance/${path}`, request)
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
      return (await answer.json()) as { alarms?: { memberID: string; alarm: string }[] }
    }
    await call('defragment', {})
    const { alarms = [] } = await call('alarm', { action: 'GET' })
    for (const alarm of alarms) await call('alarm', { action: 'DEACTIVATE', ...alarm })
  }

  /** Whether it leads its cluster; false too while it cannot tell. */
  async isLeader(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(1000)
      const answer = await fetch(`${this.endpoint}/v3/maintenance/status`, { method: 'POST', body: '{}', signal })
      const { header, leader } = (await answer.json()) as { header: { member_id: string }; leader: string }
      return leader === header.member_id
    } catch {
      return false
    }
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

/** Whether a stop signal has reached every thread of the process. */
async function hasStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
  return stats.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'))
}

/** All different: they are held until the last one is known. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const addresses = servers.map((server) => server.address())
  for (const server of servers) server.close()
  await Promise.all(servers.map((server) => once(server, 'close')))
  return addresses.map((address) => {
    if (address === null || typeof address === 'string') throw new Error('No port was given.')
    return address.port
  })
}
