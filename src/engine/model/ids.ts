/** Ids are uuids as text; those of runs and run configs begin with the time (version 7). The brand keeps one kind from being passed for another. */
export type Id<Kind extends string> = string & { readonly __id?: Kind }

export type RunId = Id<'run'>
export type RunConfigId = Id<'runConfig'>
/** One id for a task in the run config and in the run. A restart from failed tasks keeps the ids of successful ones (spec/runconfig.md 15). */
export type RunTaskId = Id<'runTask'>
export type ExecutorId = Id<'executor'>
export type ExecutorTaskId = Id<'executorTask'>
export type PodId = Id<'pod'>

/** Milliseconds since the epoch. Durations are plain numbers whose names end in `Ms`. */
export type TimeMs = number
