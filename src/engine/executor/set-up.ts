import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type { ExecutorTaskSpec, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorId, PodId, TimeMs } from '../model/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Pod, PodDriver, PodOpened, PullPolicy } from '../ports/pod-driver.ts'
import { alarm } from '../std/alarm.ts'
import { expandHome } from './container-path.ts'
import { archsOfEmulator, cannotEmulate, checkEmulation, isOfForeignProgram } from './emulation.ts'
import type { LogFile } from './log-file.ts'
import { describePodEnd, endOfPod } from './pod-end.ts'
import { OutputCollector, type PodFacts, ReadyPod, startCommand, waitOrKill } from './ready-pod.ts'
import { applet, setUpScript, toolboxScript } from './toolbox.ts'

export interface SetUpOptions {
  driver: PodDriver
  clock: Clock
  executorId: ExecutorId
  podId: PodId
  pull: PullPolicy
  allowPrivileged: boolean
  /** null: the pod dies with this process. */
  keepUntil: TimeMs | null
  /** Limit for pulling images and starting containers. */
  podCreationMsMax: number
}

/** Makes the pod of a task and its working directory (spec/executor.md 7). When it rejects nothing is left behind. */
export async function setUpPod(
  task: ExecutorTaskWithSpec,
  log: LogFile,
  signal: AbortSignal,
  options: SetUpOptions,
): Promise<ReadyPod> {
  checkPrivileged(task, options.allowPrivileged)
  // Checked before anything is made: no home can mend it.
  expandHome(task.spec.workingDir, '/')
  const started = options.clock.monotonicMs()
  log.line('starting the pod')
  const archs = await archsOfEmulator(task.spec, options.driver, { signal })
  const pod = await createPod(task, log, signal, options).catch((error: unknown) => {
    if (archs === null || !isOfForeignProgram(messageOf(error))) throw error
    throw cannotEmulate(task.spec.arch, archs, error)
  })
  try {
    if (archs !== null) await checkEmulation(pod, task.spec, archs, { log, signal })
    log.line(`pod started in ${Math.round(options.clock.monotonicMs() - started)} ms`)
    if (options.keepUntil !== null) {
      const until = new Date(options.keepUntil).toISOString().slice(0, 16)
      log.line(`the pod may be kept until ${until}Z, look into it with: ${pod.entrance}`)
    }
    const facts = await prepareWorkingDir(pod, task, log, signal)
    return new ReadyPod(pod, task.spec, facts)
  } catch (error) {
    const isPodGone = hasCode(error, 'podDoesNotExist') && !signal.aborted
    const explained = isPodGone ? await explainEnd(pod, task.spec, options.clock, error) : error
    await removeQuietly(pod, log)
    throw explained
  }
}

/** Why the main container was no longer there before the first step: as a rule an entrypoint of the config that ended. */
async function explainEnd(pod: Pod, { containers }: ExecutorTaskSpec, clock: Clock, cause: unknown): Promise<unknown> {
  const end = await endOfPod(pod, clock)
  if (end === undefined) return cause
  const text = describePodEnd(end)
  if (end.reason === 'lost') return new AgolaError('driverUnreachable', text, { cause })
  const [main] = containers
  if (end.reason !== 'exited' || main === undefined || main.entrypoint === '') {
    return new AgolaError('podDoesNotExist', text, { cause })
  }
  return new AgolaError(
    'imageInvalid',
    `${text}: its entrypoint "${main.entrypoint}" has to keep running as long as the task; without one the container waits for the steps`,
    { cause, details: { image: main.image } },
  )
}

function checkPrivileged(task: ExecutorTaskWithSpec, allowed: boolean): void {
  const index = task.spec.containers.findIndex((container) => container.privileged)
  if (index === -1 || allowed) return
  throw new AgolaError(
    'privilegedNotAllowed',
    `container ${index} (${task.spec.containers[index]?.image}) is privileged, which this executor does not allow: ` +
      '--allow-privileged does; or remove "privileged" from the config',
  )
}

async function createPod(
  task: ExecutorTaskWithSpec,
  log: LogFile,
  signal: AbortSignal,
  options: SetUpOptions,
): Promise<Pod> {
  const { spec } = task
  const request = {
    podId: options.podId,
    taskId: task.id,
    executorId: options.executorId,
    arch: spec.arch,
    containers: spec.containers,
    registriesAuth: spec.dockerRegistriesAuth,
    pull: options.pull,
    labels: spec.labels,
    ...(options.keepUntil !== null && { keepUntil: options.keepUntil }),
    ...(canOpen(spec) && {
      opening: { script: setUpScript((name) => `"$toolbox" ${name}`), parameters: [spec.workingDir] },
    }),
  }
  const limit = new AbortController()
  const cancel = alarm(options.clock, options.podCreationMsMax, () => limit.abort(tooSlow(options.podCreationMsMax)))
  try {
    return await options.driver.createPod(request, {
      signal: AbortSignal.any([signal, limit.signal]),
      onMessage: (line) => log.line(line),
    })
  } finally {
    cancel()
  }
}

function tooSlow(ms: number): AgolaError {
  return new AgolaError(
    'podStartTimedOut',
    `the pod was not ready within ${Math.round(ms / 1000)} s; the set-up log shows how far it came`,
  )
}

async function prepareWorkingDir(
  pod: Pod,
  task: ExecutorTaskWithSpec,
  log: LogFile,
  signal: AbortSignal,
): Promise<PodFacts> {
  const { spec } = task
  if (spec.workingDir !== '') log.line(`creating the working directory ${spec.workingDir}`)
  const { exitCode, stdout, stderr } = pod.opened ?? (await execSetUp(pod, spec, signal))
  // Nothing of it ran, because of its user as a rule: what is said then is the whole reason.
  if (exitCode === 126 || exitCode === 127) throw new AgolaError('workingDirUnusable', stderr.trim())
  if (stderr !== '') log.line(stderr.trimEnd())
  if (exitCode !== 0) {
    throw new AgolaError(
      'workingDirUnusable',
      `the working directory ${spec.workingDir} could not be created (exit code ${exitCode}); the set-up log says why`,
    )
  }
  const [workingDir = '', home = '', git] = stdout.split('\0')
  return { workingDir, home, hasGit: git === 'git' }
}

/** The first process of the pod sees what a command of the task would see: the same user, and nothing that the task's environment changes. */
function canOpen({ user, containers, environment }: ExecutorTaskSpec): boolean {
  const [main] = containers
  return (user === '' || user === main?.user) && !('HOME' in environment) && !('PATH' in environment)
}

async function execSetUp(pod: Pod, spec: ExecutorTaskSpec, signal: AbortSignal): Promise<PodOpened> {
  const [stdout, stderr] = [new OutputCollector(), new OutputCollector()]
  const command = toolboxScript(
    pod,
    setUpScript((name) => applet(pod, name)),
    [spec.workingDir],
  )
  const exec = await startCommand(pod, spec, { command, stdout, stderr }, { signal })
  const exitCode = await waitOrKill(exec, signal)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

async function removeQuietly(pod: Pod, log: LogFile): Promise<void> {
  try {
    await pod.remove()
  } catch (error) {
    // The pods cleaner finds it again.
    log.line(`the pod could not be removed yet: ${messageOf(error)}`)
  }
}
