import { describe, expect, it } from 'vitest'
import { startQueued } from '../../../src/engine/decide/start-queued.ts'

const run = (sequence: number, group: string) => ({ id: `run-${sequence}`, sequence, group })

function check(queued: [number, string][], running: string[], expected: number[]): void {
  const started = startQueued(
    queued.map(([sequence, group]) => run(sequence, group)),
    running.map((group, index) => run(1000 + index, group)),
    ({ group }) => (group === 'foreign' ? null : group),
  )
  expect(started.map(({ sequence }) => sequence)).toEqual(expected)
}

describe('the queue', () => {
  it('starts nothing when nothing is queued', () => check([], ['a'], []))
  it('starts the first run of each group, whatever order they are given in', () =>
    check(
      [
        [5, 'b'],
        [3, 'a'],
        [4, 'b'],
        [1, 'a'],
        [2, 'c'],
      ],
      [],
      [1, 2, 4],
    ))
  it('starts none of a group of which one runs', () =>
    check(
      [
        [1, 'a'],
        [2, 'b'],
      ],
      ['a'],
      [2],
    ))
  it('leaves foreign runs alone, queued or running, which hold up nobody', () =>
    check(
      [
        [1, 'foreign'],
        [2, 'a'],
        [3, 'foreign'],
      ],
      ['foreign'],
      [2],
    ))
})
