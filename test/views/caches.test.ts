import { expect, test } from 'vitest'
import type { CacheLookup } from '../../src/engine/model/cache-lookup.ts'
import type { ExecutionPhase } from '../../src/engine/model/run.ts'
import type { Step } from '../../src/engine/model/run-config.ts'
import { cacheExplanationJson, cacheExplanationText } from '../../src/views/cache-explanation.ts'
import { cacheListJson, cacheListText } from '../../src/views/cache-list.ts'
import { aRunConfig, aRunningRun, aRunStep } from '../support/a-run-config.ts'

const now = Date.UTC(2026, 0, 20)
const hourMs = 3_600_000
const caches = [
  {
    name: 'go-1',
    key: 'u-r-go-1',
    repoUuid: 'r',
    workTree: '/work',
    sizeBytes: 1_234_567,
    savedAt: now - 2 * hourMs,
    usedAt: null,
  },
  {
    name: 'n',
    key: 'u-s-n',
    repoUuid: 's',
    workTree: null,
    sizeBytes: 10,
    savedAt: now - 240 * hourMs,
    usedAt: now - hourMs,
  },
]

test('caches are listed with size, age and last use', () => {
  expect(cacheListText(caches, { now, all: false })).toBe(
    [
      '1.2 MB  saved 2h 00m ago   never used       go-1',
      '  10 B  saved 10 days ago  used 1h 00m ago  n',
      '2 caches, 1.2 MB',
      '',
    ].join('\n'),
  )
  expect(cacheListText([], { now, all: false })).toBe('no caches\n')
})

test('caches of all repositories stand below theirs', () => {
  const lines = cacheListText(caches, { now, all: true }).split('\n')
  expect([lines[0], lines[2]]).toEqual(['/work:', 's:'])
  expect(JSON.parse(cacheListJson(caches)).caches[1]).toEqual({
    ...{ name: 'n', key: 'u-s-n', repo_uuid: 's', work_tree: null, size_bytes: 10 },
    ...{ saved_at: '2026-01-10T00:00:00.000Z', used_at: '2026-01-19T23:00:00.000Z' },
  })
})

const saveStep: Step = { type: 'save_cache', name: 'keep', key: 'k-{{ arch }}', contents: [] }
const restoreStep: Step = { type: 'restore_cache', name: '', keys: ['k-{{ arch }}', 'k-'], destDir: '.' }

function explanation(lookups: CacheLookup[][], present: string[] = [], phase: ExecutionPhase = 'success') {
  const runConfig = aRunConfig([{ name: 'build', steps: [restoreStep, aRunStep(), saveStep] }])
  const run = aRunningRun(runConfig)
  const steps = run.tasks.build?.steps ?? []
  for (const [index, cache] of [lookups[0], undefined, lookups[1]].entries()) {
    const step = steps[index]
    if (step !== undefined && cache !== undefined) steps[index] = { ...step, phase, cache }
  }
  return { run, runConfig, present: new Set(present) }
}

const asked = (answer: CacheLookup['answer'], entry: string | null, sizeBytes: number | null = null): CacheLookup => ({
  ...{ template: 'k-{{ arch }}', key: 'k-amd64' },
  ...{ answer, entry, sizeBytes },
})

test('an explanation says what was asked, what it was rendered to, which cache won and why', () => {
  const fallback: CacheLookup = { template: 'k-', key: 'k-', answer: 'prefix', entry: 'k-arm', sizeBytes: 2000 }
  const lookups = [[asked('missing', null), fallback], [asked('saved', 'k-amd64', 12)]]
  expect(cacheExplanationText(explanation(lookups, ['k-amd64']))).toBe(
    [
      'run 1 run',
      'build: step 0, restore_cache',
      '  k-{{ arch }} → k-amd64',
      '    no cache had this key or began with it',
      '  k-',
      '    restored k-arm: no cache had exactly this key, this was the newest that begins with it, 2.0 kB (removed since)',
      'build: step 2, keep',
      '  k-{{ arch }} → k-amd64',
      '    saved, 12 B',
      '',
    ].join('\n'),
  )
  expect(JSON.parse(cacheExplanationJson(explanation(lookups, ['k-amd64']))).steps[1]).toMatchObject({
    ...{ task: 'build', step: 2, name: 'keep', type: 'save_cache', started: true },
    lookups: [{ key: 'k-amd64', answer: 'saved', size_bytes: 12, present: true }],
  })
})

test('an explanation says what did not happen', () => {
  const text = cacheExplanationText(explanation([[asked('missing', null)]]))
  expect(text).toContain('  nothing was restored\n')
  expect(text).toContain('build: step 2, keep (did not run)\n')
  expect(cacheExplanationText(explanation([[asked('exact', 'k-amd64', 1)], [asked('existed', 'k-amd64')]]))).toMatch(
    /restored: there was a cache of exactly this key, 1 B[\s\S]*not saved: there was a cache of this key already/,
  )
  expect(cacheExplanationText(explanation([[], [asked('refused', null)]]))).toContain(
    'not saved: a restore would refuse',
  )
  const fallback: CacheLookup = { template: 'k-', key: 'k-', answer: 'prefix', entry: 'k-arm', sizeBytes: 2000 }
  expect(cacheExplanationText(explanation([[asked('exact', 'k-amd64')]], ['k-amd64'], 'failed'))).toContain(
    '    found, but the step failed: there was a cache of exactly this key\n',
  )
  expect(cacheExplanationText(explanation([[fallback]], ['k-arm'], 'stopped'))).toContain(
    '    found k-arm, but the step was stopped: no cache had',
  )
  const none = aRunConfig([{ name: 'a' }])
  expect(cacheExplanationText({ run: aRunningRun(none), runConfig: none, present: new Set() })).toBe(
    'run 1 has no step that saves or restores a cache\n',
  )
})
