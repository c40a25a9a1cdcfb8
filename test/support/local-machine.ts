import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { EngineClient } from '../../src/engine/adapters/drivers/docker/client.ts'
import type { Engine } from '../../src/engine/adapters/drivers/docker/probe.ts'
import { type BuiltProgram, builtProgram } from './build.ts'
import { type Ended, Program, type ProgramOptions } from './program.ts'
import { TerminalProgram, type TerminalProgramOptions } from './terminal-program.ts'

const run = promisify(execFile)

export interface LocalMachineOptions {
  /** null: no container engine is to be found. */
  engine: Engine | null
  /** Image with a static busybox; undefined: the program's own choice. */
  toolsImage?: string
}

export type StartOptions = Omit<Partial<ProgramOptions>, 'environment'> & { environment?: Record<string, string> }

/** A person's machine as far as the program sees it: state, caches, home and temporary files in one directory that goes away with it. */
export class LocalMachine {
  readonly directory: string
  readonly state: string
  readonly cache: string
  readonly environment: Record<string, string>
  readonly #program: BuiltProgram
  readonly #options: LocalMachineOptions
  readonly #programs = new Set<Program | TerminalProgram>()
  #repositories = 0

  static async create(options: LocalMachineOptions): Promise<LocalMachine> {
    const directory = await mkdtemp(join(tmpdir(), 'agola-machine-'))
    for (const name of ['home', 'run', 'tmp']) await mkdir(join(directory, name))
    return new LocalMachine(directory, await builtProgram(), options)
  }

  private constructor(directory: string, program: BuiltProgram, options: LocalMachineOptions) {
    const { engine, toolsImage } = options
    this.directory = directory
    this.#program = program
    this.#options = options
    this.state = join(directory, 'state')
    this.cache = join(directory, 'cache')
    this.environment = {
      PATH: process.env.PATH ?? '',
      HOME: join(directory, 'home'),
      TMPDIR: join(directory, 'tmp'),
      XDG_RUNTIME_DIR: join(directory, 'run'),
      AGOLA_LOCAL_STATE_DIR: this.state,
      AGOLA_LOCAL_CACHE_DIR: this.cache,
      DOCKER_HOST: engine?.endpoint.url ?? `unix://${directory}/no.sock`,
      NODE_COMPILE_CACHE: join(program.script, '../../compile-cache'),
      GIT_CONFIG_NOSYSTEM: '1',
      ...(toolsImage === undefined ? {} : { AGOLA_DIRECTRUN_TOOLS_IMAGE: toolsImage }),
    }
  }

  /** A new repository with one commit of these files; values that are no text are written as JSON. */
  async repository(files: Record<string, unknown>): Promise<string> {
    const directory = join(this.directory, `repository-${++this.#repositories}`)
    await mkdir(directory)
    await this.git(directory, 'init', '--quiet', '--initial-branch=main')
    await this.write(directory, files)
    await this.git(directory, 'add', '--all')
    const author = ['-c', 'user.name=dev', '-c', 'user.email=dev@example.org']
    await this.git(directory, ...author, 'commit', '--quiet', '--message=begin')
    return directory
  }

  /** Directories with what is stored about each repository that was run here. */
  async repositories(): Promise<string[]> {
    const base = join(this.state, 'repos')
    return (await readdir(base)).map((name) => join(base, name))
  }

  async write(directory: string, files: Record<string, unknown>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      const isRaw = typeof content === 'string' || Buffer.isBuffer(content)
      await writeFile(join(directory, name), isRaw ? content : JSON.stringify(content))
    }
  }

  async git(directory: string, ...args: string[]): Promise<string> {
    return (await run('git', args, { cwd: directory, env: this.environment })).stdout.trim()
  }

  start(args: readonly string[], { environment, ...options }: StartOptions = {}): Program {
    const program = new Program(this.#program.script, args, {
      directory: this.directory,
      ...options,
      environment: { ...this.environment, ...environment },
    })
    this.#programs.add(program)
    void program.ended.then(() => this.#programs.delete(program))
    return program
  }

  /** On a terminal, with a person at the keys. */
  startOnTerminal(
    args: readonly string[],
    { environment, ...options }: Omit<Partial<TerminalProgramOptions>, 'environment'> & StartOptions = {},
  ): TerminalProgram {
    const program = new TerminalProgram(this.#program.script, args, {
      directory: this.directory,
      ...options,
      environment: { ...this.environment, ...environment },
    })
    this.#programs.add(program)
    void program.ended.then(() => this.#programs.delete(program))
    return program
  }

  run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return this.start(args, options).ended
  }

  /** What should not be there while nothing runs: containers, volumes and networks of this machine, and files of processes. */
  async leftovers(): Promise<string[]> {
    return [...(await this.engineObjects()), ...(await this.#files())].sort()
  }

  /** Containers, volumes and networks of this machine's executors, the shared tools volume apart. */
  async engineObjects(): Promise<string[]> {
    const { engine } = this.#options
    const identity = await readFile(join(this.state, 'identity.json'), 'utf8').catch(() => null)
    if (engine === null || identity === null) return []
    const client = new EngineClient(engine)
    const filters = { label: [`agola.io/executorsgroupid=${JSON.parse(identity).executors_group_id}`] }
    const containers = await client.json('GET', '/containers/json', { query: { all: true, filters } })
    const volumes = (await client.json('GET', '/volumes', { query: { filters } })) as { Volumes: unknown }
    const networks = await client.json('GET', '/networks', { query: { filters } })
    return [
      ...objects(containers).map(({ Names, State }) => `container ${String(Names)} ${String(State)}`),
      ...objects(volumes.Volumes)
        .filter(({ Labels }) => Object(Labels)['agola.io/tools'] === undefined)
        .map(({ Name }) => `volume ${String(Name)}`),
      ...objects(networks).map(({ Name }) => `network ${String(Name)}`),
    ]
  }

  /** Files of processes: executors, pods, sockets, and everything temporary. */
  async #files(): Promise<string[]> {
    const own = [join(this.state, 'executors'), join(this.state, 'pods'), join(this.directory, 'tmp')]
    const places = await Promise.all([...own, join(this.directory, 'run', 'agola')].map(filesIn))
    const stored = [...(await filesIn(this.state)), ...(await filesIn(this.cache))]
    const found = [...places.flat(), ...stored.filter((path) => temporary.test(relative(this.directory, path)))]
    return found.map((path) => relative(this.directory, path))
  }

  /** Makes every lease look as if it had not been renewed for so long. */
  async ageLeases(ms: number): Promise<void> {
    const executors = join(this.state, 'executors')
    for (const id of await readdir(executors)) {
      const path = join(executors, id, 'lease.json')
      const lease: { renewedAt: number } = JSON.parse(await readFile(path, 'utf8'))
      await writeFile(path, JSON.stringify({ ...lease, renewedAt: lease.renewedAt - ms }))
    }
  }

  /** Ends what still runs and removes everything, the tools volume of a tools image of its own included. */
  async end(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.kill()))
    const { engine, toolsImage } = this.#options
    if (engine !== null) await this.#removeObjects(new EngineClient(engine), toolsImage)
    await this.#program.remove()
    await rm(this.directory, { recursive: true, force: true })
  }

  /** As somebody else may at any time. */
  async removeEngineObjects(): Promise<void> {
    const { engine } = this.#options
    if (engine === null) return
    const client = new EngineClient(engine)
    for (const object of await this.engineObjects()) {
      const [kind, name = ''] = object.replace(' /', ' ').split(' ')
      await client.json('DELETE', `/${kind}s/${name}`, { query: { force: true, v: true } }).catch(() => undefined)
    }
  }

  async #removeObjects(client: EngineClient, toolsImage: string | undefined): Promise<void> {
    await this.removeEngineObjects()
    if (toolsImage === undefined) return
    const filters = { label: [`agola.io/toolsimage=${toolsImage}`] }
    const { Volumes } = (await client.json('GET', '/volumes', { query: { filters } })) as { Volumes: unknown }
    // Another machine of the same tests may still use it.
    for (const { Name } of objects(Volumes))
      await client.json('DELETE', `/volumes/${String(Name)}`).catch(() => undefined)
  }
}

const temporary = /\/tmp\/.|\.[0-9a-f-]{36}$|\.json\.\d+$|-(wal|shm|journal)$/

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : []
}

async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true }).catch(() => [])
  return names.map((name) => join(directory, name))
}
