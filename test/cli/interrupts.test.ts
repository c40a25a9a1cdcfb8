import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { type EndSignal, Interrupts } from '../../src/cli/interrupts.ts'

function interrupts(escalationMs = 10_000) {
  const calls: string[] = []
  let now = 0
  const subject = new Interrupts(
    {
      stop: (signal) => calls.push(`stop ${signal}`),
      kill: () => calls.push('kill'),
      leave: (signal) => calls.push(`leave ${signal}`),
      describe: () => calls.push('describe'),
    },
    { escalationMs, monotonicMs: () => now },
  )
  const press = (signal: EndSignal, atMs: number) => {
    now = atMs
    subject.on(signal)
  }
  return { calls, press, subject }
}

test('the first Ctrl-C stops, the second kills, the third leaves', () => {
  const { calls, press } = interrupts()
  press('SIGINT', 0)
  press('SIGINT', 400)
  press('SIGINT', 800)
  expect(calls).toEqual(['stop SIGINT', 'kill', 'leave SIGINT'])
})

test('presses closer together than 300 ms are one', () => {
  const { calls, press } = interrupts()
  press('SIGINT', 0)
  press('SIGINT', 299)
  expect(calls).toEqual(['stop SIGINT'])
})

test('so are two SIGQUIT', () => {
  const { calls, subject } = interrupts()
  const source = new EventEmitter()
  subject.listen(source as NodeJS.Process)
  source.emit('SIGQUIT')
  source.emit('SIGQUIT')
  expect(calls).toEqual(['describe'])
})

test('the first signal decides the exit code', () => {
  const { press, subject } = interrupts()
  press('SIGTERM', 0)
  press('SIGINT', 400)
  expect(subject.first).toBe('SIGTERM')
})

test('TERM becomes a kill when it was not done in time', () => {
  vi.useFakeTimers()
  const { calls, press } = interrupts(5_000)
  press('SIGTERM', 0)
  vi.advanceTimersByTime(4_999)
  expect(calls).toEqual(['stop SIGTERM'])
  vi.advanceTimersByTime(1)
  expect(calls).toEqual(['stop SIGTERM', 'kill'])
  vi.useRealTimers()
})
