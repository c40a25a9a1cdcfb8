import type { CacheLookup } from '../engine/model/cache-lookup.ts'
import type { Run } from '../engine/model/run.ts'
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
    ...step.lookups.flatMap((lookup) => lookupLines(lookup, present)),
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
      const started = state !== undefined && state.phase !== 'notstarted'
      return [
        { task: task.name, step: index, name: name === '' ? type : name, type, started, lookups: state?.cache ?? [] },
      ]
    }),
  )
}

function lookupLines({ template, key, answer, entry, sizeBytes }: CacheLookup, present: ReadonlySet<string>): string[] {
  const asked = template === key ? cleanName(key) : `${cleanName(template)} → ${cleanName(key)}`
  const size = sizeBytes === null ? '' : `, ${formatSize(sizeBytes)}`
  const gone = entry !== null && !present.has(entry) ? ' (removed since)' : ''
  return [`  ${asked}`, `    ${reasonOf(answer, cleanName(entry ?? ''))}${size}${gone}`]
}

function reasonOf(answer: CacheLookup['answer'], entry: string): string {
  switch (answer) {
    case 'exact':
      return 'restored: there was a cache of exactly this key'
    case 'prefix':
      return `restored ${entry}: no cache had exactly this key, this was the newest that begins with it`
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

function isFruitless(lookups: readonly CacheLookup[]): boolean {
  return lookups.length > 0 && lookups.every(({ answer }) => answer === 'missing')
}
