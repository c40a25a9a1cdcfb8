import fc from 'fast-check'
import type { DependCondition, RunConfig } from '../../src/engine/model/run-config.ts'
import { aRunConfig, aSaveStep, type TaskSketch } from './a-run-config.ts'

const condition = fc.constantFrom<DependCondition>('on_success', 'on_failure', 'on_skipped')

const taskTraits = fc.record({
  skip: fc.boolean().map((value) => value),
  needsApproval: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  ignoreFailure: fc.boolean(),
  savesArchive: fc.boolean(),
  /** Which of the earlier tasks it depends on, as fractions of their number. */
  parents: fc.array(
    fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.uniqueArray(condition, { minLength: 1 })),
    {
      maxLength: 3,
    },
  ),
})

/** Run configs with any acyclic graph of up to `tasksMax` tasks. */
export function generatedRunConfig(tasksMax = 12): fc.Arbitrary<RunConfig> {
  return fc.array(taskTraits, { minLength: 1, maxLength: tasksMax }).map((traits) =>
    aRunConfig(
      traits.map(({ parents, savesArchive, skip, ...task }, index): TaskSketch => {
        const depends = parents.map(([at, conditions]) => [`t${Math.floor(at * index)}`, conditions] as const)
        return {
          name: `t${index}`,
          ...task,
          // One task in four or so is skipped, else nothing ever runs.
          skip: skip && index % 2 === 1,
          steps: savesArchive ? [aSaveStep] : [],
          depends: index === 0 ? {} : Object.fromEntries(depends),
        }
      }),
    ),
  )
}
