import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, probeEngine } from '../../src/engine/adapters/drivers/docker/probe.ts'
import { findEngine } from '../../src/engine/adapters/drivers/find-engine.ts'

/** An engine for tests, and what ends it if it was started for them. */
export interface TestEngine {
  engine: Engine
  /** Words to put before a command that is to share the engine's network. */
  inNetwork: string[]
  end: () => Promise<void>
}

/** The Docker engine that answers, else one of our own, ended by `end`. Needs root for the latter. */
export async function dockerEngine(): Promise<TestEngine> {
  const { engine, attempts } = await findEngine({
    environment: process.env,
    homeDir: homedir(),
    userId: process.getuid?.() ?? null,
    platform: process.platform,
  })
  if (engine?.version.product === 'Docker') return { engine, inNetwork: [], end: async () => undefined }
  return startDockerd().catch((error: unknown) => {
    const tried = attempts.map(({ origin, url, reason }) => `${origin} ${url}: ${reason}`).join('\n')
    throw new Error(`no Docker engine answers, and none could be started (${String(error)})\n${tried}`)
  })
}

/** A dockerd with a directory of its own. */
export async function startDockerd(): Promise<TestEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'agola-dockerd-'))
  const url = `unix://${dir}/docker.sock`
  const folders = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')]
  return startIsolated(dir, url, ['dockerd', '--host', url, ...folders, '--iptables=false', '--ip6tables=false'])
}

// Podman's default limits are higher than some machines let even root set, and its favourite runtime, crun, refuses machines that have
// control groups of both versions. Docker brings runc.
export const podmanSettings = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
`

/** Podman's service with a storage of its own. */
export async function startPodmanService(): Promise<TestEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'agola-podman-'))
  const url = `unix://${dir}/podman.sock`
  const folders = ['--root', join(dir, 'storage'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')]
  await writeFile(join(dir, 'containers.conf'), podmanSettings)
  return startIsolated(dir, url, [
    'env',
    `CONTAINERS_CONF=${dir}/containers.conf`,
    'podman',
    ...folders,
    'system',
    'service',
    '--time=0',
    url,
  ])
}

/** In namespaces of its own: engines change the interfaces and packet filters that they find, those of a neighbour among them, and leave
 *  mounts and processes behind. All of that ends with the process that is started here. */
export function startIsolated(dir: string, url: string, command: string[]): Promise<TestEngine> {
  const start = '/bin/busybox ifconfig lo 127.0.0.1 up && exec "$@"'
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const words = [...namespaces, '/bin/sh', '-c', start, 'engine', ...command]
  const child = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  return becomeEngine(child, url, dir, ['nsenter', '--net', '--target', String(child.pid), '--'])
}

async function becomeEngine(child: ChildProcess, url: string, dir: string, inNetwork: string[]): Promise<TestEngine> {
  const end = async () => {
    await endProcess(child)
    await rm(dir, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 })
  }
  try {
    return { engine: await untilReady(child, url), inNetwork, end }
  } catch (error) {
    await end()
    throw error
  }
}

const readyMsMax = 60_000

async function untilReady(child: ChildProcess, url: string): Promise<Engine> {
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4000)
  })
  const failed = Promise.withResolvers<never>()
  child.on('error', failed.reject)
  child.on('exit', (code) => failed.reject(new Error(`it ended with ${code}:\n${complaints}`)))
  const limit = AbortSignal.timeout(readyMsMax)
  const asked = (async () => {
    for (;;) {
      try {
        return await probeEngine({ url, tls: null }, { signal: limit })
      } catch (error) {
        if (limit.aborted) throw new Error(`it does not get ready: ${String(error)}\n${complaints}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  })()
  return Promise.race([asked, failed.promise])
}

/** Ends the first process of the namespaces, with which all others end, and waits for that. */
async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
  for (const pid of children.split(' ').filter((pid) => pid !== '')) process.kill(Number(pid), 'SIGTERM')
  await exited
}
