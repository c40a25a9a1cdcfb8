import { expect, test } from 'vitest'
import type { RunConfigTask, Step } from '../../src/engine/model/run-config.ts'
import { largeTreeWarning, prepareClones } from '../../src/engine/prepare-clones.ts'
import type { Snapshot } from '../../src/engine/snapshot/snapshot.ts'

const clone = (depth: number, recurseSubmodules = false): Step => ({
  type: 'clone',
  name: '',
  depth,
  recurseSubmodules,
})
const task = (...steps: Step[]) => ({ steps }) as RunConfigTask

function fakeSnapshot(bytes = 0) {
  const opened: unknown[] = []
  let measured = 0
  const snapshot: Pick<Snapshot, 'openSource' | 'measure'> = {
    openSource: async (request) => {
      opened.push(request)
      throw new Error('no room')
    },
    measure: async () => {
      measured += 1
      return {
        files: 7,
        bytes,
        topDirectories: [
          { name: 'data', bytes },
          { name: '', bytes: 12 },
        ],
      }
    },
  }
  return { snapshot, opened, measured: () => measured }
}

test('prepares each kind of clone once; what fails is left to the step', async () => {
  const { snapshot, opened } = fakeSnapshot()
  prepareClones(snapshot, [task(clone(0)), task(clone(0), clone(1)), task(clone(0, true)), task()])
  expect(opened).toEqual([
    { depth: 0, recurseSubmodules: false },
    { depth: 1, recurseSubmodules: false },
    { depth: 0, recurseSubmodules: true },
  ])
})

test('warns of a large tree with its largest directories, when a task clones it', async () => {
  const { snapshot } = fakeSnapshot(812_000_000)
  expect(await largeTreeWarning(snapshot, [task(clone(0))])).toMatch(/812 MB in 7 files.*data 812 MB, \. 0 MB/)
})

test('says nothing about a small tree, and does not measure one that nobody clones', async () => {
  const small = fakeSnapshot(499_000_000)
  expect(await largeTreeWarning(small.snapshot, [task(clone(0))])).toBeNull()
  const unused = fakeSnapshot(812_000_000)
  expect(await largeTreeWarning(unused.snapshot, [task()])).toBeNull()
  expect(unused.measured()).toBe(0)
})
