import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chownTree } from './chown-tree.ts'
import { podmanSettings, startIsolated, startPodmanService, type TestEngine } from './docker-engine.ts'

/** An engine and what makes programs those of the user who runs it. */
export interface EngineOfUser extends TestEngine {
  userId: number
  /** Words to put before a command. The user may read every file, and nothing more. */
  asUser: string[]
  /** Where a program of this user finds the engine. */
  environment: Record<string, string>
}

/** Nobody's on any machine. */
const userId = 54_321
const subordinateIds = '654321:65536'

/** Podman's service of root, whom a wish leads to it: its usual place may be that of another one. */
export async function startRootfulPodman(): Promise<EngineOfUser> {
  const engine = await startPodmanService()
  return { ...engine, userId: 0, asUser: [], environment: { CONTAINER_HOST: engine.engine.endpoint.url } }
}

/** Podman's service as its socket unit would start it for a user. Needs root, to be another user. */
export function startRootlessPodman(): Promise<EngineOfUser> {
  return startRootless('podman/podman.sock', (url) => ['podman', 'system', 'service', '--time=0', url])
}

/** As `dockerd-rootless-setuptool.sh` would start it. Needs root, to be another user, and rootlesskit. */
export function startRootlessDockerd(): Promise<EngineOfUser> {
  // Debian keeps it out of the way.
  const path = '$PATH:/usr/share/docker.io/contrib:/usr/sbin:/sbin'
  return startRootless('docker.sock', () => [
    '/bin/sh',
    '-c',
    `PATH=${path} exec sh "$(PATH=${path} which dockerd-rootless.sh)"`,
  ])
}

async function startRootless(socket: string, command: (url: string) => string[]): Promise<EngineOfUser> {
  const home = await mkdtemp(join(tmpdir(), 'agola-rootless-'))
  const environment = {
    HOME: home,
    USER: 'rootless',
    XDG_RUNTIME_DIR: join(home, 'run'),
    PATH: process.env.PATH ?? '',
  }
  await mkdir(dirname(join(home, 'run', socket)), { recursive: true, mode: 0o700 })
  await mkdir(join(home, '.config', 'containers'), { recursive: true })
  await writeFile(join(home, '.config', 'containers', 'containers.conf'), podmanSettings)
  await writeUsers(home)
  await chownTree(home, userId)
  const asUser = ['setpriv', `--reuid=${userId}`, `--regid=${userId}`, '--clear-groups']
  // The checkout that is tested may lie where only its owner looks.
  const mayReadAll = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const url = `unix://${home}/run/${socket}`
  const words = [...asUser, 'env', '--ignore-environment', ...variables, ...command(url)]
  const engine = await startIsolated(home, url, [
    '/bin/sh',
    '-c',
    `${bindUsers(home)} && exec "$@"`,
    'engine',
    ...words,
  ])
  return { ...engine, userId, asUser: [...asUser, ...mayReadAll], environment }
}

const lists = ['passwd', 'group', 'subuid', 'subgid']

/** Copies of this machine's lists of users, with one more. Engines look into them, in a namespace where the copies take their place. */
async function writeUsers(home: string): Promise<void> {
  const more = [
    `rootless:x:${userId}:${userId}::${home}:/bin/sh`,
    `rootless:x:${userId}:`,
    `rootless:${subordinateIds}`,
    `rootless:${subordinateIds}`,
  ]
  await mkdir(join(home, 'etc'))
  for (const [index, name] of lists.entries()) {
    const known = await readFile(join('/etc', name), 'utf8').catch(() => '')
    await writeFile(join(home, 'etc', name), `${known.trimEnd()}\n${more[index]}\n`.trimStart())
  }
}

function bindUsers(home: string): string {
  return lists.map((name) => `mount --bind ${home}/etc/${name} /etc/${name}`).join(' && ')
}
