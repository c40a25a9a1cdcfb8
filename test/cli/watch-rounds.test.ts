import { expect, test } from 'vitest'
import { watchRounds } from '../../src/cli/watch-rounds.ts'

/** Plays what a person and the work tree do. */
function play() {
  const told: string[] = []
  const rounds: {
    all: boolean
    signal: AbortSignal
    end: (exitCode: number) => void
    again: () => void
    quit: () => void
  }[] = []
  const changes: ((paths: string[]) => void)[] = []
  const keys: ((key: 'run' | 'quit' | number) => void)[] = []
  const end = watchRounds({
    next: () => new Promise((resolve) => changes.push(resolve)),
    round: (options) => new Promise((resolve) => rounds.push({ ...options, end: resolve })),
    ownPaths: new Set(['report.xml']),
    wait: () => new Promise((resolve) => keys.push(resolve)),
    tell: (text) => void told.push(text),
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const change = async (...paths: string[]) => {
    changes.at(-1)?.(paths)
    await settle()
  }
  const endRound = async (exitCode: number) => {
    rounds.at(-1)?.end(exitCode)
    await settle()
  }
  const press = async (key: 'run' | 'quit' | number) => {
    keys.at(-1)?.(key)
    await settle()
  }
  return { told, rounds, end, change, endRound, press, settle }
}

test('runs everything, then again what changed, and ends with the code of the last round', async () => {
  const { rounds, told, end, change, endRound, press } = play()
  await endRound(0)
  await change('src/a', 'src/b', 'src/c', 'src/d')
  expect(rounds.map(({ all }) => all)).toEqual([true, false])
  expect(told).toEqual(['agola: src/a, src/b, src/c and 1 more changed'])
  await endRound(1)
  await press('quit')
  expect(await end).toBe(1)
})

test('stops the round that goes on first', async () => {
  const { rounds, change, endRound } = play()
  await change('src/a')
  expect(rounds).toHaveLength(1)
  expect(rounds[0]?.signal.aborted).toBe(true)
  expect(String(rounds[0]?.signal.reason)).toContain('src/a changed')
  await endRound(4)
  expect(rounds).toHaveLength(2)
})

test('runs everything again on a key, between rounds and within one', async () => {
  const { rounds, endRound, press, settle } = play()
  await endRound(1)
  await press('run')
  rounds[1]?.again()
  await settle()
  expect(rounds[1]?.signal.aborted).toBe(true)
  await endRound(4)
  expect(rounds.map(({ all }) => all)).toEqual([true, true, true])
})

test('stops the round that goes on and ends with its code when a person quits within it', async () => {
  const { rounds, told, end, endRound, settle } = play()
  rounds[0]?.quit()
  await settle()
  expect(String(rounds[0]?.signal.reason)).toContain('stopping: quit')
  await endRound(4)
  expect(await end).toBe(4)
  expect(told).toEqual([])
  expect(rounds).toHaveLength(1)
})

test('does not take the reports of a round for a change', async () => {
  const { rounds, change, endRound } = play()
  await endRound(0)
  await change('report.xml')
  expect(rounds).toHaveLength(1)
  await change('report.xml', 'src/a')
  expect(rounds).toHaveLength(2)
})

test('ends with a signal, in a round and between rounds', async () => {
  const within = play()
  await within.endRound(130)
  expect(await within.end).toBe(130)
  const between = play()
  await between.endRound(0)
  await between.press(143)
  expect(await between.end).toBe(143)
})
