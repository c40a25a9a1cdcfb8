import type { CacheLookup } from '../../model/cache-lookup.ts'
import type { ExecutorTaskWithSpec } from '../../model/executor-task.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ExecutorRunService } from '../../ports/executor-run-service.ts'
import type { TtySize } from '../../ports/pod-driver.ts'
import type { Random } from '../../ports/random.ts'
import type { SourceProvider } from '../../ports/source-provider.ts'
import type { LogFile } from '../log-file.ts'
import type { ReadyPod } from '../ready-pod.ts'
import type { AddMask } from '../step-output.ts'
import type { TaskFiles } from '../task-files.ts'

/** What every kind of step gets. A step returns its exit status, or throws what it could not do. */
export interface StepContext {
  task: ExecutorTaskWithSpec
  /** Of the step in its task. */
  index: number
  pod: ReadyPod
  log: LogFile
  /** Lines of the output may name values to mask; null: they are output like others. */
  addMask: AddMask | null
  files: TaskFiles
  runService: ExecutorRunService
  sources: SourceProvider
  /** Keeps with the step what a cache key led to. */
  noteCache(lookup: CacheLookup): void
  /** The command of the step is being interrupted: whatever it ends with, it has not done its work. */
  noteInterrupted(): void
  clock: Clock
  random: Random
  ttySize: TtySize
  /** Time that a command has to end by itself after an interrupt. */
  stopGraceMs: number
  /** The step shall end: stop or timeout. */
  interrupted: AbortSignal
  /** The step shall end at once, whatever becomes of its processes. */
  killed: AbortSignal
  /** Images about which the missing git was said already. */
  imagesWithoutGit: Set<string>
}
