import { tmpdir } from 'node:os'
import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import { compileRuns } from './compile/compile.ts'
import type { CompiledRun, CompiledRuns } from './compile/compiled-run.ts'
import { directRunMessage, directRunOrigin } from './compile/direct-run-origin.ts'
import { selectTasks } from './compile/select-tasks.ts'
import { requireConfig } from './config/load.ts'
import { EmbeddedEngine, type ExecutorSettings, snapshotAnnotation } from './embedded.ts'
import { type DriverRequest, openDriver } from './embedded-driver.ts'
import { type Identity, loadIdentity } from './local/identity.ts'
import { createLocalDirectories, type LocalDirectories, localDirectories } from './local/local-directories.ts'
import { recordRepository } from './local/repository-record.ts'
import { collectVariables, type Variables } from './local/variables.ts'
import { AgolaError, messageOf } from './model/errors.ts'
import type { RunConfigTask } from './model/run-config.ts'
import { numberOrNewest } from './newest-run.ts'
import type { Log } from './ports/log.ts'
import type { Pauses } from './ports/pauses.ts'
import type { PodDriver, PullPolicy } from './ports/pod-driver.ts'
import type { Runs } from './ports/runs.ts'
import { largeTreeWarning, prepareClones } from './prepare-clones.ts'
import { readConfig, toSourceContext } from './read-config.ts'
import { repoUuidOf } from './repository-id.ts'
import { secretNamesOf } from './secret-names.ts'
import type { RefOptions } from './snapshot/ref-facts.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import { openSnapshot, takeSnapshot } from './snapshot/take-snapshot.ts'
import { openTreeChange } from './snapshot/tree-change.ts'
import { homeDirectory, userName } from './this-user.ts'

/** How to run, and with which variables. */
export interface ExecutionRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  variables: {
    variables: readonly string[]
    variableFiles: readonly string[]
    secrets: readonly string[]
    secretFiles: readonly string[]
    /** Asks without showing what is typed; null: nobody is there to ask. */
    askHidden: ((name: string) => Promise<string>) | null
  }
  engine: {
    driver: DriverRequest
    /** undefined: half the processors, at least 2. */
    tasksMax: number | undefined
    pull: PullPolicy
    /** undefined: the default one. */
    toolsImage: string | undefined
    allowPrivileged: boolean
    graceMs: number
    /** Failing steps wait for a decision, so long at most; null: they fail at once. */
    pauseExpiryMs: number | null
    /** Asked when no container engine answers: whether to go on without; null: nobody is there to ask. */
    askForHost: (() => Promise<boolean>) | null
  }
  /** Recorded with approvals given here. */
  approver: string
  /** Show the engine's own log. */
  debug: boolean
}

/** What to run of the repository around a directory. */
export interface DirectRunRequest extends ExecutionRequest {
  source: { untracked: boolean; ignored: boolean; ref: RefOptions }
  selection: { runs: readonly string[]; tasks: readonly string[]; only: boolean }
  variables: ExecutionRequest['variables'] & {
    /** A variable that nobody gave is an error. */
    strict: boolean
  }
  /** Unknown keys of the config are errors. */
  strict: boolean
  /** Only say what would run: no engine is looked for. */
  plan: boolean
  /** Leaves tasks out of what was selected. */
  choose?: ((compiled: readonly CompiledRun[]) => CompiledRun[]) | undefined
}

export interface RestartRequest extends ExecutionRequest {
  /** undefined: the newest. */
  number: number | undefined
  /** All tasks; else those that did not succeed, and what depends on them. */
  fromStart: boolean
}

export type { CompiledRun }

export interface DirectRunOptions {
  signal?: AbortSignal | undefined
  onNotice: (text: string) => void
}

export interface DirectRunFacts {
  repoUuid: string
  commitSha: string
  ref: string
}

/** What one invocation runs, ready to start. */
export interface DirectRun {
  facts: DirectRunFacts
  runs: Runs
  /** Aborted with the error once nothing can be stored any more; the runs cannot end here. */
  broken: AbortSignal
  /** Makes the runs and gives their numbers; they run one after another. */
  start(): Promise<number[]>
  /** Removes all pods at once; the runs end as stopped. */
  kill(): Promise<void>
  /** Paused tasks of what was started here; null before. */
  readonly pauses: Pauses | null
  /** What goes on, a line a thing. */
  describe(): string[]
  close(): Promise<void>
}

export interface StartedDirectRun extends DirectRun {
  /** After selection, in the order of the config. */
  compiled: CompiledRun[]
  /** Runs of the config that do not match. */
  skipped: CompiledRuns['skipped']
  /** Runs that were selected, but not chosen. */
  leftOut: number
}

/** Takes the snapshot, reads and compiles its config, and connects to what runs it. Nothing runs yet. Errors of the user's making:
 *  `notAGitRepository`, `configNotFound`, `configInvalid` (with all problems), `variableInvalid`, `flagInvalid`. */
export async function openDirectRun(request: DirectRunRequest, options: DirectRunOptions): Promise<StartedDirectRun> {
  const { environment, directory, source, plan } = request
  const local = await openLocal(directory, environment)
  return await closingOnFailure(async (closing) => {
    // The container engine is asked while git works; what it answers matters only when there is something to run.
    const driver = plan ? null : startDriver(request, local, options, closing)
    const snapshot = await takeSnapshot(
      {
        directory,
        environment,
        ...source,
        stateDirectory: local.directories.state,
        now: systemClock.now(),
        random: systemRandom,
      },
      {
        signal: options.signal,
        onProgress: (progress) => progress.type === 'notice' && options.onNotice(progress.text),
      },
    )
    closing.unshift(() => snapshot.close())
    const { repoUuid, topDirectory: workTree, remoteUrl } = snapshot
    // The store is opened while the config is compiled.
    const opening = openEngine(request, local, repoUuid, options, closing)
    const recording = recordRepository(local.directories.state, { repoUuid, workTree, remoteUrl })
    recording.catch(() => undefined)
    const variables = await variablesFor(request, snapshot, local)
    for (const warning of variables.warnings) options.onNotice(warning)
    const { selected, skipped } = await compileSnapshot(request, snapshot, { local, variables }, options)
    const compiled = request.choose?.(selected) ?? selected
    const leftOut = selected.length - compiled.length
    const tasks = compiled.flatMap((run) => Object.values(run.tasks))
    if (driver !== null) prepareClones(snapshot, tasks)
    const [engine] = await Promise.all([opening, recording])
    const begin = () => engine.createRuns(compiled)
    const openChange = changeOpener(request, local, source, options)
    return new OpenDirectRun(
      request,
      { snapshot, engine, driver, variables, closing, compiled, skipped, leftOut, tasks, begin, openChange },
      options,
    )
  })
}

/** Opens a run that has ended for running it again on the tree it was started from. `runDoesNotExist`; `snapshotFailed` when that tree
 *  is no longer kept; `variableInvalid` when a secret that it needs was not given again. */
export async function openRestart(request: RestartRequest, options: DirectRunOptions): Promise<DirectRun> {
  const { environment, directory, fromStart } = request
  const local = await openLocal(directory, environment)
  return await closingOnFailure(async (closing) => {
    const driver = startDriver(request, local, options, closing)
    const engine = await openEngine(request, local, await repoUuidOf(directory, environment), options, closing)
    const number = await numberOrNewest(engine.runs, request.number)
    const { run, runConfig } = await engine.runs.get(number)
    const snapshot = await openSnapshot(run.annotations[snapshotAnnotation] ?? '', {
      stateDirectory: local.directories.state,
      environment,
      random: systemRandom,
    })
    closing.unshift(() => snapshot.close())
    const variables = await variablesFor(request, snapshot, local)
    const secretNames = secretNamesOf(runConfig)
    const missing = secretNames.filter((name) => !variables.values.has(name))
    if (missing.length > 0) {
      const flags = missing.map((name) => `--secret ${name}=…`).join(' ')
      throw new AgolaError(
        'variableInvalid',
        `run ${number} was given secrets, which are never stored: give them again with ${flags}`,
      )
    }
    for (const name of namesGivenIn(request.variables.variables).filter((given) => !secretNames.includes(given))) {
      options.onNotice(`warning: --var ${name} changes nothing: run ${number} keeps its variables when it is run again`)
    }
    const tasks = Object.values(runConfig.tasks)
    prepareClones(snapshot, tasks)
    const begin = async () => [await engine.restartRun(number, fromStart)]
    const openChange = changeOpener(request, local, { untracked: true, ignored: false }, options)
    return new OpenDirectRun(
      request,
      { snapshot, engine, driver, variables, closing, compiled: [], skipped: [], leftOut: 0, tasks, begin, openChange },
      options,
    )
  })
}

/** Of values of --var: NAME or NAME=VALUE. */
function namesGivenIn(flags: readonly string[]): string[] {
  return flags.map((flag) => flag.split('=', 1)[0] ?? '')
}

/** Takes another snapshot of the work tree, for what a person has changed while a step was paused. */
function changeOpener(
  { directory, environment }: ExecutionRequest,
  { directories }: Local,
  { untracked, ignored }: Pick<DirectRunRequest['source'], 'untracked' | 'ignored'>,
  { onNotice }: DirectRunOptions,
): ExecutorSettings['openChange'] {
  return async (from, { signal }) => {
    const [stateDirectory, now, random] = [directories.state, systemClock.now(), systemRandom]
    const place = { directory, environment, stateDirectory, now, random }
    const to = await takeSnapshot({ ...place, untracked, ignored, ref: {} }, { signal })
    try {
      const change = await openTreeChange({ ...place, from, to, mtimeMs: now, onNotice }, { signal })
      return { snapshot: to, change }
    } finally {
      await to.close()
    }
  }
}

interface Local {
  directories: LocalDirectories
  identity: Identity
}

/** Directories and identity of this user on this machine. */
export async function openLocal(directory: string, environment: NodeJS.ProcessEnv): Promise<Local> {
  const machine = {
    environment,
    platform: process.platform,
    homeDirectory: homeDirectory(),
    temporaryDirectory: tmpdir(),
    userName: userName(),
  }
  const directories = localDirectories(machine, directory)
  await createLocalDirectories(directories)
  return { directories, identity: await loadIdentity(directories.state, systemRandom) }
}

type Closing = (() => unknown)[]

async function closingOnFailure<T>(open: (closing: Closing) => Promise<T>): Promise<T> {
  const closing: Closing = []
  try {
    return await open(closing)
  } catch (error) {
    for (const close of closing) await close()
    throw error
  }
}

interface OpenParts {
  snapshot: Snapshot
  engine: EmbeddedEngine
  driver: StartedDriver | null
  variables: Variables
  compiled: CompiledRun[]
  skipped: CompiledRuns['skipped']
  leftOut: number
  /** Those that can run. */
  tasks: readonly RunConfigTask[]
  /** Makes the runs. */
  begin: () => Promise<number[]>
  openChange: ExecutorSettings['openChange']
  /** In the order in which they are called. */
  closing: Closing
}

class OpenDirectRun implements StartedDirectRun {
  readonly facts: DirectRunFacts
  readonly compiled: CompiledRun[]
  readonly skipped: CompiledRuns['skipped']
  readonly leftOut: number
  readonly runs: Runs
  readonly broken: AbortSignal
  readonly #request: ExecutionRequest
  readonly #parts: OpenParts
  readonly #options: DirectRunOptions

  constructor(request: ExecutionRequest, parts: OpenParts, options: DirectRunOptions) {
    const { snapshot, engine, compiled, skipped, leftOut } = parts
    this.facts = { repoUuid: snapshot.repoUuid, commitSha: snapshot.commitSha, ref: snapshot.ref.ref }
    this.compiled = compiled
    this.skipped = skipped
    this.leftOut = leftOut
    this.runs = engine.runs
    this.broken = engine.broken
    this.#request = request
    this.#parts = parts
    this.#options = options
  }

  async start(): Promise<number[]> {
    const { engine, snapshot, variables } = this.#parts
    if (this.#parts.driver === null) throw new AgolaError('assertionFailed', 'what was opened as a plan cannot start')
    const driver = await this.#parts.driver.use()
    const { description } = await driver.capabilities()
    this.#options.onNotice(`local run of ${describeSource(snapshot)}, ${description}`)
    await engine.startExecutor({
      ...this.#request.engine,
      driver,
      snapshot,
      secrets: secretsOf(variables),
      openChange: this.#parts.openChange,
    })
    const numbers = await this.#parts.begin()
    this.#warnOfSize()
    return numbers
  }

  /** Measured beside the run, which starts no later for it. */
  #warnOfSize(): void {
    const { snapshot, tasks, closing } = this.#parts
    const closed = new AbortController()
    closing.unshift(() => closed.abort())
    largeTreeWarning(snapshot, tasks, { signal: closed.signal })
      .then((warning) => warning !== null && this.#options.onNotice(warning))
      .catch(() => undefined)
  }

  get pauses(): Pauses | null {
    return this.#parts.engine.pauses
  }

  kill(): Promise<void> {
    return this.#parts.engine.kill()
  }

  describe(): string[] {
    return this.#parts.engine.describe()
  }

  async close(): Promise<void> {
    for (const close of this.#parts.closing.splice(0)) await close()
  }
}

function describeSource({ ref, commitSha, dirty }: Snapshot): string {
  const name = ref.ref.replace(/^refs\/(heads|tags)\//, '')
  return `${name} at ${commitSha.slice(0, 8)}${dirty ? ' with uncommitted changes' : ''}`
}

function startDriver(
  request: ExecutionRequest,
  local: Local,
  { signal }: DirectRunOptions,
  closing: Closing,
): StartedDriver {
  const driver = new StartedDriver(request, local, signal)
  closing.unshift(() => driver.close())
  return driver
}

/** Connects while the run is prepared. Nothing is asked before it is certain that something will run. */
class StartedDriver {
  readonly #isWanted = Promise.withResolvers<boolean>()
  readonly #opened: Promise<PodDriver>

  constructor(request: ExecutionRequest, { directories, identity }: Local, signal: AbortSignal | undefined) {
    const { environment, engine } = request
    const { askForHost } = engine
    this.#opened = openDriver({
      ...engine,
      askForHost: askForHost && (async () => (await this.#isWanted.promise) && (await askForHost())),
      surroundings: {
        environment,
        homeDir: homeDirectory(),
        userId: process.getuid?.() ?? null,
        platform: process.platform,
      },
      executorsGroupId: identity.executorGroupId,
      stateDirectory: directories.state,
      clock: systemClock,
      random: systemRandom,
      log: logOf(request),
      signal,
    })
    // Whoever starts the run gets the error; until then nobody waits for it.
    this.#opened.catch(() => undefined)
  }

  use(): Promise<PodDriver> {
    this.#isWanted.resolve(true)
    return this.#opened
  }

  async close(): Promise<void> {
    this.#isWanted.resolve(false)
    await this.#opened.then((opened) => opened.close()).catch(() => undefined)
  }
}

/** Whoever waits for it gets its failure; until then nobody does. */
function openEngine(
  request: ExecutionRequest,
  local: Local,
  repoUuid: string,
  { onNotice }: DirectRunOptions,
  closing: Closing,
): Promise<EmbeddedEngine> {
  const opening = EmbeddedEngine.open({
    ...local,
    repoUuid,
    approver: request.approver,
    clock: systemClock,
    random: systemRandom,
    log: logOf(request),
    onTrouble: (error) => onNotice(`cannot store what a task left: ${messageOf(error)}`),
  })
  closing.unshift(() =>
    opening.then(
      (engine) => engine.close(),
      () => undefined,
    ),
  )
  opening.catch(() => undefined)
  return opening
}

/** Warnings are for operators; a person at a terminal asks for them. */
function logOf({ debug }: ExecutionRequest): Log {
  return createLog(debug ? 'debug' : 'error', (line) => process.stderr.write(line))
}

function variablesFor(
  { variables, environment }: ExecutionRequest,
  { topDirectory, remoteUrl }: Snapshot,
  { directories }: Local,
): Promise<Variables> {
  return collectVariables({
    ...variables,
    configDirectory: directories.config,
    homeDirectory: homeDirectory(),
    repository: { topDirectory, remoteUrl },
    environment,
  })
}

async function compileSnapshot(
  request: DirectRunRequest,
  snapshot: Snapshot,
  { local, variables }: { local: Local; variables: Variables },
  { signal, onNotice }: DirectRunOptions,
): Promise<{ selected: CompiledRun[]; skipped: CompiledRuns['skipped'] }> {
  const { repoUuid, repositoryUrl } = snapshot
  const { userId } = local.identity
  const source = toSourceContext(snapshot.ref, snapshot.commitSha)
  const loaded = await readConfig(snapshot, { context: source, strict: request.strict, signal })
  const config = await requireConfig(loaded)
  if (loaded.problems.length > 0) onNotice((await import('./config/format-problems.ts')).formatProblems(loaded))
  const { runs, skipped, undefinedVariables } = await compileRuns({
    config,
    source,
    message: directRunMessage,
    origin: directRunOrigin({ userId, repoUuid, repositoryUrl, source, local: true }),
    variables: new Map(
      [...variables.values].map(([name, value]) => [name, { value, secret: variables.secretNames.has(name) }]),
    ),
    strictVariables: request.variables.strict,
    newTaskId: () => systemRandom.uuid(),
  })
  for (const { name, usedBy } of undefinedVariables)
    onNotice(`the variable ${name} is not given and empty: ${usedBy.join(', ')} want it (--var ${name}=…)`)
  return { selected: selectTasks(runs, request.selection), skipped }
}

function secretsOf({ values, secretNames }: Variables): Map<string, string> {
  return new Map([...values].filter(([name]) => secretNames.has(name)))
}
