import type { Writable } from 'node:stream'
import type { ExecutorContainer, ExecutorRegistryAuth } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, PodId, TimeMs } from '../model/ids.ts'
import type { Arch } from '../model/run-config.ts'
import type { CallOptions } from './call-options.ts'

/** How pods are made: docker, host, kubernetes, fake (spec/executor.md 8, 18). Errors: `driverUnreachable`, `driverTooOld`,
 *  `imageUnavailable`, `imageInvalid`, `tooLarge`, `diskFull`, `podDoesNotExist`. */
export interface PodDriver {
  readonly name: string
  /** Connects and asks what the driver can do. Cheap after the first call. */
  capabilities(options?: CallOptions): Promise<PodDriverCapabilities>
  /** Pulls what is missing, creates and starts; resolves when the main container can exec. When it rejects nothing is left behind. */
  createPod(request: PodRequest, options: CreatePodOptions): Promise<Pod>
  /** A hint: so many pods are likely to be asked for, most of them when others have been removed. What removed pods leave may serve them. */
  expectPods(count: number): void
  /** Every pod of this executors group, whoever owns it, leftovers without containers included. */
  listPods(options?: CallOptions): Promise<PodSummary[]>
  /** Removes all that belongs to a pod. Safe to call twice; resolves when a pod of the same id could be made again. */
  removePod(podId: PodId, options?: CallOptions): Promise<void>
  /** Ends connections, and what was there for pods that were expected. Pods stay. */
  close(): Promise<void>
}

export interface PodDriverCapabilities {
  archs: Arch[]
  privilegedContainers: boolean
  /** false: images of the config are ignored. */
  images: boolean
  /** For people: 'Docker 28.2 at unix:///var/run/docker.sock'. */
  description: string
}

export interface PodRequest {
  podId: PodId
  taskId: ExecutorTaskId
  executorId: ExecutorId
  arch: Arch | ''
  /** The first is the main one. */
  containers: ExecutorContainer[]
  registriesAuth: Record<string, ExecutorRegistryAuth>
  pull: PullPolicy
  /** On every container, volume and network, beside the driver's own (spec/executor.md 18.2, spec/local-runs.md 10). */
  labels: Record<string, string>
  /** A script that the main container's first process may run as the container's user before anything else, to spare an exec. */
  opening?: PodOpening
  /** Absent: the pod dies with this process. Set: it survives it, and may be swept after this time. */
  keepUntil?: TimeMs
}

export interface PodOpening {
  /** Text for busybox' shell. Its variable `toolbox` is the path of busybox, the first word of `Pod.toolbox`. */
  script: string
  /** `$1` and on. */
  parameters: string[]
}

/** How the opening script ended. */
export interface PodOpened {
  exitCode: number
  stdout: string
  stderr: string
}

export type PullPolicy = 'always' | 'missing' | 'never'

export interface CreatePodOptions extends CallOptions {
  /** A line for the set-up log: pull progress and the like. Without a line end. */
  onMessage: (line: string) => void
}

export interface PodSummary {
  podId: PodId
  executorId: ExecutorId
  /** '' when no container is left to tell. */
  taskId: ExecutorTaskId
  labels: Record<string, string>
  keepUntil: TimeMs | null
}

export interface Pod {
  readonly id: PodId
  /** Of the main container. */
  readonly arch: Arch
  /** What the opening script of the request said; null when the driver did not run it: where the config brings its own first process,
   *  or nothing like one exists. */
  readonly opened: PodOpened | null
  /** What a person types to look into its main container. */
  readonly entrance: string
  /** argv prefix that runs a busybox applet in the main container, whatever its image holds: `sh`, `tar`, `mkdir`, `sha256sum`, … */
  toolbox(applet: string): string[]
  exec(request: ExecRequest, options?: CallOptions): Promise<ContainerExec>
  /** Resolves when the main container has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<PodEnd>
  /** TERM, then after `graceMs` KILL, all containers at the same time. */
  stop(graceMs: number, options?: CallOptions): Promise<void>
  /** As `PodDriver.removePod`. */
  remove(options?: CallOptions): Promise<void>
}

export interface PodEnd {
  reason: 'exited' | 'outOfMemory' | 'removed' | 'lost'
  exitCode: number | null
}

export interface ExecRequest {
  command: string[]
  /** Added to the container's own; no duplicates reach the process. */
  environment: Record<string, string>
  /** Absolute; '' : the container's. */
  workingDir: string
  /** '' : the container's. */
  user: string
  tty: TtySize | null
  /** false: the process reads end of file at once (with a tty: nothing, until interrupted). */
  stdin: boolean
  /** Written with respect for back-pressure and never ended by the pod. With a tty everything comes on `stdout`. null: thrown away. */
  stdout: Writable | null
  stderr: Writable | null
}

export interface TtySize {
  columns: number
  rows: number
}

export interface ContainerExec {
  /** null unless asked for. Ending it is end of file for the process, whose output goes on. */
  readonly stdin: Writable | null
  /** The exit code once the process has ended and all its output was written; 128 + n when killed by signal n.
   *  Rejects with `podDoesNotExist` when the pod went away, with the reason of `signal` when that comes first (the process goes on). */
  wait(options?: CallOptions): Promise<number>
  /** To the whole process group of the command; with a tty INT is typed as ^C. Succeeds when it has ended already. */
  kill(signalName: 'INT' | 'TERM' | 'KILL', options?: CallOptions): Promise<void>
  resize(size: TtySize): Promise<void>
}
