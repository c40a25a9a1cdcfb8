import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { lstat, readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { pack } from 'tar-stream'
import { EngineClient } from '../../src/engine/adapters/drivers/docker/client.ts'
import { jsonLines } from '../../src/engine/adapters/drivers/docker/json-lines.ts'
import type { Engine } from '../../src/engine/adapters/drivers/docker/probe.ts'

const run = promisify(execFile)

type Entry =
  | { type: 'directory'; mode: number }
  | { type: 'file'; mode: number; read: () => Promise<Buffer> }
  | { type: 'link'; target: string }

const applets =
  'awk cat chmod cp cut date dd df echo env false find grep head id ln ls mkdir mkfifo mount mv nc ps printf pwd'
const moreApplets =
  'readlink rm sed seq setsid sh sha256sum sleep sort stat sync tail tar tee test touch tr true uname wc wget yes'

/** Images made from this machine's own files, so that no test pulls anything. Each is made once, when it is first asked for,
 *  under a name of its own; `removeAll` takes them away again. */
export class TestImages {
  readonly #client: EngineClient
  readonly #suffix = randomUUID().slice(0, 8)
  readonly #made = new Map<string, Promise<string>>()

  constructor(engine: Engine) {
    this.#client = new EngineClient(engine)
  }

  /** A static busybox with its usual applets, users root and dev (1000), a writable /tmp. */
  busybox(): Promise<string> {
    return this.#make('busybox', addBusybox)
  }

  /** As `busybox`, with more variables of its own. */
  withEnvironment(environment: Record<string, string>): Promise<string> {
    return this.#changed(Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}`))
  }

  /** As `busybox`, for an engine to look after. */
  withHealthCheck(): Promise<string> {
    return this.#changed(['HEALTHCHECK --interval=1s CMD true'])
  }

  withVolume(path: string): Promise<string> {
    return this.#changed([`VOLUME ${path}`])
  }

  #changed(changes: string[]): Promise<string> {
    const kind = `changed-${createHash('sha256').update(changes.join('\n')).digest('hex').slice(0, 8)}`
    const made = this.#made.get(kind) ?? this.#import(kind, addBusybox, changes)
    this.#made.set(kind, made)
    return made
  }

  /** Nothing but a static /bin/true: no shell, no /tmp, no users. */
  onlyTrue(): Promise<string> {
    return this.#make('only-true', async (files) => addFile(files, 'bin/true', await hostBusybox()))
  }

  /** No program at all. */
  empty(): Promise<string> {
    return this.#make('empty', async (files) => addBasics(files))
  }

  /** As `busybox`, with this machine's bash and git. */
  gitAndBash(): Promise<string> {
    return this.#make('git-bash', async (files) => {
      await addBusybox(files)
      await addProgram(files, '/bin/bash', 'bin/bash')
      await addProgram(files, '/usr/bin/git', 'usr/bin/git')
      const helpers = (await run('git', ['--exec-path'])).stdout.trim()
      for (const name of ['git-remote-http', 'git-remote-https'])
        await addProgram(files, join(helpers, name), join(helpers, name)).catch(ignoreMissing)
    })
  }

  /** As `busybox`, with the Node that runs the tests. */
  node(): Promise<string> {
    return this.#make('node', async (files) => {
      await addBusybox(files)
      await addProgram(files, process.execPath, 'usr/bin/node')
    })
  }

  /** Gives an image another name, which is removed with the rest. */
  async tag(image: string, repository: string, tag: string): Promise<string> {
    await this.#client.json('POST', `/images/${image}/tag`, { query: { repo: repository, tag } })
    const name = `${repository}:${tag}`
    this.#made.set(name, Promise.resolve(name))
    return name
  }

  async removeAll(): Promise<void> {
    for (const [key, made] of this.#made) {
      const name = await made.catch(() => null)
      if (name !== null)
        await this.#client.json('DELETE', `/images/${name}`, { query: { force: true } }).catch(() => undefined)
      this.#made.delete(key)
    }
  }

  /** Said to be for arm64. With this machine's programs it runs anyhow, as if it were emulated; without, no kernel knows its programs. */
  arm64({ runs }: { runs: boolean }): Promise<string> {
    const fill = async (files: Map<string, Entry>) => {
      addBasics(files)
      const unknown: Entry = {
        type: 'file',
        mode: 0o755,
        read: async () => Buffer.from('\u007fELF of another machine'),
      }
      if (runs) addFile(files, 'bin/sh', await hostBusybox())
      else files.set('bin/sh', unknown)
    }
    const kind = runs ? 'arm64' : 'arm64-unknown'
    const made = this.#made.get(kind) ?? this.#load(kind, fill, 'arm64')
    this.#made.set(kind, made)
    return made
  }

  #make(kind: string, fill: (files: Map<string, Entry>) => Promise<void>): Promise<string> {
    const made = this.#made.get(kind) ?? this.#import(kind, fill)
    this.#made.set(kind, made)
    return made
  }

  async #import(
    kind: string,
    fill: (files: Map<string, Entry>) => Promise<void>,
    changes: string[] = [],
  ): Promise<string> {
    const files = new Map<string, Entry>()
    await fill(files)
    const name = `localhost/agola-test-${kind}:${this.#suffix}`
    const stream = await this.#client.stream('POST', '/images/create', {
      query: { fromSrc: '-', repo: name, changes: ['ENV PATH=/usr/local/bin:/usr/bin:/bin', 'CMD ["sh"]', ...changes] },
      file: toTar(files),
    })
    for await (const { error } of jsonLines(stream)) if (error !== undefined) throw new Error(String(error))
    return name
  }

  /** An import has the processors of the engine whatever is said; a saved image says itself for which it is. */
  async #load(kind: string, fill: (files: Map<string, Entry>) => Promise<void>, architecture: string): Promise<string> {
    const files = new Map<string, Entry>()
    await fill(files)
    const name = `localhost/agola-test-${kind}:${this.#suffix}`
    const layer = await buffer(toTar(files))
    const digest = createHash('sha256').update(layer).digest('hex')
    const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] }
    const config = { architecture, os: 'linux', config: { Env: ['PATH=/bin'], Cmd: ['sh'] }, rootfs }
    const image = pack()
    image.entry({ name: 'layer.tar' }, layer)
    image.entry({ name: 'config.json' }, JSON.stringify(config))
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]
    image.entry({ name: 'manifest.json' }, JSON.stringify(manifest))
    image.finalize()
    const stream = await this.#client.stream('POST', '/images/load', { file: image.pipe(new PassThrough()) })
    for await (const { error } of jsonLines(stream)) if (error !== undefined) throw new Error(String(error))
    return name
  }
}

/** A statically linked busybox of this machine, which runs in any image. */
async function hostBusybox(): Promise<string> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) {
    if ((await lstat(path).catch(() => null)) !== null) return path
  }
  throw new Error('the tests need a static busybox at /bin/busybox (Debian: apt-get install busybox-static)')
}

async function addBusybox(files: Map<string, Entry>): Promise<void> {
  addBasics(files)
  addFile(files, 'bin/busybox', await hostBusybox())
  for (const applet of `${applets} ${moreApplets}`.split(' '))
    files.set(`bin/${applet}`, { type: 'link', target: 'busybox' })
}

function addBasics(files: Map<string, Entry>): void {
  files.set('tmp', { type: 'directory', mode: 0o1777 })
  files.set('root', { type: 'directory', mode: 0o700 })
  files.set('home/dev', { type: 'directory', mode: 0o777 })
  const passwd = 'root:x:0:0:root:/root:/bin/sh\ndev:x:1000:1000:dev:/home/dev:/bin/sh\n'
  files.set('etc/passwd', { type: 'file', mode: 0o644, read: async () => Buffer.from(passwd) })
  files.set('etc/group', { type: 'file', mode: 0o644, read: async () => Buffer.from('root:x:0:\ndev:x:1000:\n') })
}

function addFile(files: Map<string, Entry>, name: string, source: string, mode = 0o755): void {
  files.set(name, { type: 'file', mode, read: () => readFile(source) })
}

/** A program with the shared libraries it is linked with. */
async function addProgram(files: Map<string, Entry>, source: string, name: string): Promise<void> {
  const target = await realpath(source)
  addFile(files, name.replace(/^\//, ''), target)
  const { stdout } = await run('ldd', [target]).catch(() => ({ stdout: '' }))
  for (const match of stdout.matchAll(/(?:=> )?(\/[^\s]+)/g)) {
    const library = match[1] ?? ''
    addFile(files, library.slice(1), await realpath(library))
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function toTar(files: Map<string, Entry>): PassThrough {
  const tar = pack()
  const stream = tar.pipe(new PassThrough())
  const write = async () => {
    const directories = new Set<string>()
    for (const [name, entry] of files) {
      for (const parent of parentsOf(name)) {
        if (directories.has(parent) || files.has(parent)) continue
        directories.add(parent)
        tar.entry({ name: parent, type: 'directory', mode: 0o755 })
      }
      if (entry.type === 'directory') tar.entry({ name, type: 'directory', mode: entry.mode })
      else if (entry.type === 'link') tar.entry({ name, type: 'symlink', linkname: entry.target })
      else tar.entry({ name, mode: entry.mode }, await entry.read())
    }
    tar.finalize()
  }
  write().catch((error: Error) => stream.destroy(error))
  return stream
}

function parentsOf(name: string): string[] {
  const parent = dirname(name)
  return parent === '.' || parent === '/' ? [] : [...parentsOf(parent), parent]
}
