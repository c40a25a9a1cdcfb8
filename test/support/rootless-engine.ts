import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chownTree } from './chown-tree.ts'
import { podmanSettings, startIsolated, type TestEngine } from './docker-engine.ts'

/** An engine that a user without any privilege runs, and what makes programs those of this user. */
export interface RootlessEngine extends TestEngine {
  userId: number
  /** Words to put before a command. The user may read every file, and nothing more. */
  asUser: string[]
  /** HOME, XDG_RUNTIME_DIR, where the engine has its socket, and PATH. */
  environment: Record<string, string>
}

/** Nobody's on any machine. */
const userId = 54_321
const subordinateIds = '654321:65536'

/** Podman's service as its socket unit would start it for a user. Needs root, to be another user. */
export function startRootlessPodman(): Promise<RootlessEngine> {
  return startRootless('podman/podman.sock', (url) => ['podman', 'system', 'service', '--time=0', url])
}

/** As `dockerd-rootless-setuptool.sh` would start it. Needs root, to be another user, and rootlesskit. */
export function startRootlessDockerd(): Promise<RootlessEngine> {
  // Debian keeps it out of the way.
  const path = '$PATH:/usr/share/docker.io/contrib:/usr/sbin:/sbin'
  return startRootless('docker.sock', () => [
    '/bin/sh',
    '-c',
    `PATH=${path} exec sh "$(PATH=${path} which dockerd-rootless.sh)"`,
  ])
}

async function startRootless(socket: string, command: (url: string) => string[]): Promise<RootlessEngine> {
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
