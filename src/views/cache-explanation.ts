import type { CacheLookup } from '../engine/model/cache-lookup.ts'
import type { ExecutionPhase, Run } from '../engine/model/run.ts'
import type { RunConfig } from '../engine/model/run-config.ts'
import { cleanName } from './clean-text.ts'
import { formatSize } from './format-size.ts'

/** What the cache steps of a run asked for and got. */
export interface CacheExplanation {
  run: Run
  runConfig: RunConfig
  /** Names of the caches that there are now. */
  present: ReadonlySet<string>
}

interface ExplainedStep {
  task: string
  step: number
  name: string
  type: 'save_cache' | 'restore_cache'
  /** `notstarted`: it did not run. */
  phase: ExecutionPhase
  started: boolean
  lookups: CacheLookup[]
}

export function cacheExplanationText(explanation: CacheExplanation): string {
  const { run, present } = explanation
  const steps = cacheSteps(explanation)
  if (steps.length === 0) return `run ${run.counter} has no step that saves or restores a cache\n`
  const lines = steps.flatMap((step) => [
    `${cleanName(step.task)}: step ${step.step}, ${cleanName(step.name)}${step.started ? '' : ' (did not run)'}`,
    ...(step.started && step.lookups.length === 0 ? ['  no key was found out: the log of the step says why'] : []),
    ...step.lookups.flatMap((lookup) => lookupLines(lookup, step.phase, present)),
    ...(step.type === 'restore_cache' && isFruitless(step.lookups) ? ['  nothing was restored'] : []),
  ])
  return [`run ${run.counter} ${cleanName(run.name)}`, ...lines].map((line) => `${line}\n`).join('')
}

export function cacheExplanationJson(explanation: CacheExplanation): string {
  const steps = cacheSteps(explanation).map(({ lookups, ...step }) => ({
    ...step,
    lookups: lookups.map(({ sizeBytes, ...lookup }) => ({
      ...lookup,
      size_bytes: sizeBytes,
      present: lookup.entry !== null && explanation.present.has(lookup.entry),
    })),
  }))
  return `${JSON.stringify({ number: explanation.run.counter, steps })}\n`
}

function cacheSteps({ run, runConfig }: CacheExplanation): ExplainedStep[] {
  const tasks = Object.values(runConfig.tasks).sort((a, b) => a.level - b.level)
  return tasks.flatMap((task) =>
    task.steps.flatMap(({ type, name }, index): ExplainedStep[] => {
      if (type !== 'save_cache' && type !== 'restore_cache') return []
      const state = run.tasks[task.id]?.steps[index]
      const phase = state?.phase ?? 'notstarted'
      const [shownName, started, lookups] = [name === '' ? type : name, phase !== 'notstarted', state?.cache ?? []]
      return [{ task: task.name, step: index, name: shownName, type, phase, started, lookups }]
    }),
  )
}

function lookupLines(
  { template, key, answer, entry, sizeBytes }: CacheLookup,
  phase: ExecutionPhase,
  present: ReadonlySet<string>,
): string[] {
  const asked = template === key ? cleanName(key) : `${cleanName(template)} → ${cleanName(key)}`
  const size = sizeBytes === null ? '' : `, ${formatSize(sizeBytes)}`
  const gone = entry !== null && !present.has(entry) ? ' (removed since)' : ''
  return [`  ${asked}`, `    ${reasonOf(answer, phase, cleanName(entry ?? ''))}${size}${gone}`]
}

function reasonOf(answer: CacheLookup['answer'], phase: ExecutionPhase, entry: string): string {
  switch (answer) {
    case 'exact':
      return `${outcomeOf(phase, '')}: there was a cache of exactly this key`
    case 'prefix':
      return `${outcomeOf(phase, ` ${entry}`)}: no cache had exactly this key, this was the newest that begins with it`
    case 'missing':
      return 'no cache had this key or began with it'
    case 'saved':
      return 'saved'
    case 'existed':
      return 'not saved: there was a cache of this key already, and caches never change'
    case 'refused':
      return 'not saved: a restore would refuse it; the log of the step says why'
  }
}

/** A cache that was found is not yet restored: that may fail, such as at a file that is there already. */
function outcomeOf(phase: ExecutionPhase, entry: string): string {
  if (phase === 'success') return `restored${entry}`
  if (phase === 'failed') return `found${entry}, but the step failed`
  return phase === 'running' ? `found${entry}` : `found${entry}, but the step was stopped`
}

function isFruitless(lookups: readonly CacheLookup[]): boolean {
  return lookups.length > 0 && lookups.every(({ answer }) => answer === 'missing')
}
