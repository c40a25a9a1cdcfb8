import { homedir, tmpdir, userInfo } from 'node:os'
import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import { compileRuns } from './compile/compile.ts'
import type { CompiledRun, CompiledRuns } from './compile/compiled-run.ts'
import { directRunMessage, directRunOrigin } from './compile/direct-run-origin.ts'
import { selectTasks } from './compile/select-tasks.ts'
import { requireConfig } from './config/load.ts'
import { EmbeddedEngine } from './embedded.ts'
import { type DriverRequest, openDriver } from './embedded-driver.ts'
import { type Identity, loadIdentity } from './local/identity.ts'
import { createLocalDirectories, type LocalDirectories, localDirectories } from './local/local-directories.ts'
import { collectVariables, type Variables } from './local/variables.ts'
import { AgolaError, messageOf } from './model/errors.ts'
import type { PodDriver, PullPolicy } from './ports/pod-driver.ts'
import type { Runs } from './ports/runs.ts'
import { readConfig, toSourceContext } from './read-config.ts'
import type { RefOptions } from './snapshot/ref-facts.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import { takeSnapshot } from './snapshot/take-snapshot.ts'

/** What to run of the repository around a directory, and how. */
export interface DirectRunRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  source: { untracked: boolean; ignored: boolean; ref: RefOptions }
  selection: { runs: readonly string[]; tasks: readonly string[]; only: boolean }
  variables: {
    variables: readonly string[]
    variableFiles: readonly string[]
    secrets: readonly string[]
    secretFiles: readonly string[]
    /** A variable that nobody gave is an error. */
    strict: boolean
    askHidden: ((name: string) => Promise<string>) | null
  }
  engine: {
    driver: DriverRequest
    /** undefined: half the processors, at least 2. */
    tasksMax: number | undefined
    pull: PullPolicy
    toolsImage: string | undefined
    allowPrivileged: boolean
    graceMs: number
    /** Asked when no container engine answers: whether to go on without; null: nobody is there to ask. */
    askForHost: (() => Promise<boolean>) | null
  }
  /** Unknown keys of the config are errors. */
  strict: boolean
  /** Recorded with approvals given here. */
  approver: string
  /** Only say what would run: no engine is looked for. */
  plan: boolean
  /** Show the engine's own log. */
  debug: boolean
}

export interface DirectRunOptions {
  signal?: AbortSignal | undefined
  onNotice: (text: string) => void
}

export interface DirectRunFacts {
  repoUuid: string
  commitSha: string
  ref: string
}

/** The runs of one invocation, compiled and ready to start. */
export interface DirectRun {
  facts: DirectRunFacts
  /** After selection, in the order of the config. */
  compiled: CompiledRun[]
  skipped: CompiledRuns['skipped']
  runs: Runs
  /** Creates the runs and gives their numbers; they run one after another. */
  start(): Promise<number[]>
  /** Removes all pods at once; the runs end as stopped. */
  kill(): Promise<void>
  /** What goes on, a line a thing. */
  describe(): string[]
  close(): Promise<void>
}

/** Takes the snapshot, reads and compiles its config, and connects to what runs it. Nothing runs yet. Errors of the user's making:
 *  `notAGitRepository`, `configNotFound`, `configInvalid` (with all problems), `variableInvalid`, `flagInvalid`. */
export async function openDirectRun(request: DirectRunRequest, options: DirectRunOptions): Promise<DirectRun> {
  const { environment, directory, source, plan } = request
  const directories = localDirectories(thisMachine(environment), directory)
  await createLocalDirectories(directories)
  const identity = await loadIdentity(directories.state, systemRandom)
  // The container engine is asked while git works; what it answers matters only when there is something to run.
  const driver = plan ? null : startDriver(request, { directories, identity }, options)
  const closing: (() => unknown)[] = [() => driver?.then((opened) => opened.close()).catch(() => undefined)]
  try {
    const snapshot = await takeSnapshot(
      {
        directory,
        environment,
        ...source,
        stateDirectory: directories.state,
        now: systemClock.now(),
        random: systemRandom,
      },
      {
        signal: options.signal,
        onProgress: (progress) => progress.type === 'notice' && options.onNotice(progress.text),
      },
    )
    closing.unshift(() => snapshot.close())
    const variables = await variablesFor(request, snapshot, directories)
    for (const warning of variables.warnings) options.onNotice(warning)
    const compiled = await compileSnapshot(request, snapshot, { identity, variables }, options)
    const engine = await EmbeddedEngine.open({
      directories,
      identity,
      repoUuid: snapshot.repoUuid,
      approver: request.approver,
      clock: systemClock,
      random: systemRandom,
      log: createLog(request.debug ? 'debug' : 'error', (line) => options.onNotice(line.trimEnd())),
      onTrouble: (error) => options.onNotice(`cannot store what a task left: ${messageOf(error)}`),
    })
    closing.unshift(() => engine.close())
    return new OpenDirectRun(
      request,
      { snapshot, engine, driver, secrets: secretsOf(variables), closing, ...compiled },
      options,
    )
  } catch (error) {
    for (const close of closing) await close()
    throw error
  }
}

interface OpenParts {
  snapshot: Snapshot
  engine: EmbeddedEngine
  driver: Promise<PodDriver> | null
  secrets: ReadonlyMap<string, string>
  compiled: CompiledRun[]
  skipped: CompiledRuns['skipped']
  /** In the order in which they are called. */
  closing: (() => unknown)[]
}

class OpenDirectRun implements DirectRun {
  readonly facts: DirectRunFacts
  readonly compiled: CompiledRun[]
  readonly skipped: CompiledRuns['skipped']
  readonly runs: Runs
  readonly #request: DirectRunRequest
  readonly #parts: OpenParts
  readonly #options: DirectRunOptions

  constructor(request: DirectRunRequest, parts: OpenParts, options: DirectRunOptions) {
    const { snapshot, engine, compiled, skipped } = parts
    this.facts = { repoUuid: snapshot.repoUuid, commitSha: snapshot.commitSha, ref: snapshot.ref.ref }
    this.compiled = compiled
    this.skipped = skipped
    this.runs = engine.runs
    this.#request = request
    this.#parts = parts
    this.#options = options
  }

  async start(): Promise<number[]> {
    const { engine, snapshot, secrets } = this.#parts
    if (this.#parts.driver === null) throw new AgolaError('assertionFailed', 'what was opened as a plan cannot start')
    const driver = await this.#parts.driver
    const { description } = await driver.capabilities()
    const changes = snapshot.dirty ? ' with uncommitted changes' : ''
    const { ref } = this.facts
    this.#options.onNotice(
      `local run of ${ref.replace(/^refs\/(heads|tags)\//, '')} at ${this.facts.commitSha.slice(0, 8)}${changes}, ${description}`,
    )
    const { tasksMax, pull, allowPrivileged, graceMs } = this.#request.engine
    await engine.startExecutor({ driver, snapshot, secrets, tasksMax, pull, allowPrivileged, graceMs })
    return await engine.createRuns(this.compiled)
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

function startDriver(
  request: DirectRunRequest,
  { directories, identity }: { directories: LocalDirectories; identity: Identity },
  { signal }: DirectRunOptions,
): Promise<PodDriver> {
  const driver = openDriver({
    driver: request.engine.driver,
    surroundings: {
      environment: request.environment,
      homeDir: homedir(),
      userId: process.getuid?.() ?? null,
      platform: process.platform,
    },
    executorsGroupId: identity.executorGroupId,
    toolsImage: request.engine.toolsImage,
    allowPrivileged: request.engine.allowPrivileged,
    stateDirectory: directories.state,
    askForHost: request.engine.askForHost,
    clock: systemClock,
    random: systemRandom,
    log: createLog('error', () => undefined),
    signal,
  })
  // Whoever starts the run gets the error; until then nobody waits for it.
  driver.catch(() => undefined)
  return driver
}

function variablesFor(
  request: DirectRunRequest,
  { topDirectory, remoteUrl }: Snapshot,
  directories: LocalDirectories,
): Promise<Variables> {
  return collectVariables({
    ...request.variables,
    configDirectory: directories.config,
    homeDirectory: homedir(),
    repository: { topDirectory, remoteUrl },
    environment: request.environment,
  })
}

async function compileSnapshot(
  request: DirectRunRequest,
  snapshot: Snapshot,
  { identity, variables }: { identity: Identity; variables: Variables },
  { signal, onNotice }: DirectRunOptions,
): Promise<{ compiled: CompiledRun[]; skipped: CompiledRuns['skipped'] }> {
  const { repoUuid, repositoryUrl } = snapshot
  const source = toSourceContext(snapshot.ref, snapshot.commitSha)
  const loaded = await readConfig(snapshot, { context: source, strict: request.strict, signal })
  const config = await requireConfig(loaded)
  if (loaded.problems.length > 0) onNotice((await import('./config/format-problems.ts')).formatProblems(loaded))
  const { runs, skipped, undefinedVariables } = await compileRuns({
    config,
    source,
    message: directRunMessage,
    origin: directRunOrigin({ userId: identity.userId, repoUuid, repositoryUrl, source, local: true }),
    variables: new Map(
      [...variables.values].map(([name, value]) => [name, { value, secret: variables.secretNames.has(name) }]),
    ),
    strictVariables: request.variables.strict,
    newTaskId: () => systemRandom.uuid(),
  })
  for (const { name, usedBy } of undefinedVariables)
    onNotice(`the variable ${name} is not given and empty: ${usedBy.join(', ')} want it (--var ${name}=…)`)
  return { compiled: selectTasks(runs, request.selection), skipped }
}

function secretsOf({ values, secretNames }: Variables): Map<string, string> {
  return new Map([...values].filter(([name]) => secretNames.has(name)))
}

function thisMachine(environment: NodeJS.ProcessEnv) {
  return {
    environment,
    platform: process.platform,
    homeDirectory: homedir(),
    temporaryDirectory: tmpdir(),
    userName: userInfo().username,
  }
}
