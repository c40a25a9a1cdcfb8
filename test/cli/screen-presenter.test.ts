import { PassThrough } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { ScreenPresenter } from '../../src/cli/screen-presenter.ts'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import type { RunScreenOptions } from '../../src/views/run-screen.tsx'
import {
  approvalRequired,
  output,
  runCreated,
  runFinished,
  step,
  stepStarted,
  taskStarted,
} from '../views/progress-events.ts'

function present({ broken = false } = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const calls: string[] = []
  const seen: ProgressEvent[] = []
  let options: RunScreenOptions | null = null
  const presenter = new ScreenPresenter(
    {
      output: 'text',
      quiet: false,
      color: false,
      errorColor: false,
      width: 80,
      groups: undefined,
      bin: 'agola',
      controls: { interrupt: () => calls.push('interrupt'), describe: () => calls.push('describe'), runs: () => null },
      stdin: new PassThrough() as unknown as NodeJS.ReadStream,
      terminal: { columns: 80, rows: 24 } as NodeJS.WriteStream,
      start: async (given) => {
        options = given
        calls.push('start')
        if (broken) throw new Error('no such terminal')
        return {
          event: (event) => void seen.push(event),
          notice: (text) => void calls.push(`notice ${text}`),
          activity: (lines) => void calls.push(`activity ${lines.join()}`),
          finish: async () => void calls.push('finish'),
        }
      },
    },
    new Output(stdout, () => undefined),
    new Output(stderr, () => undefined),
  )
  const text = (stream: PassThrough) => String(stream.read() ?? '')
  return { presenter, calls, seen, stdout: () => text(stdout), stderr: () => text(stderr), options: () => options }
}

const compile = step('compile')

test('shows a run that is over at once in lines', async () => {
  const { presenter, calls, stdout, stderr } = present()
  await presenter.event(runCreated({ build: ['compile'] }))
  await presenter.event(taskStarted('build'))
  await presenter.event(stepStarted('build', compile))
  await presenter.event(output('build', compile, 'hello\n'))
  await presenter.event(runFinished('success'))
  await presenter.finish()
  expect(calls).toEqual([])
  expect(stdout()).toContain('[build/compile] hello')
  expect(stderr()).toContain('run 1 checks  success')
})

test('gives a run that waits for approval a screen at once, and leaves only the summary and what was said', async () => {
  const { presenter, calls, seen, stdout, stderr } = present()
  await presenter.notice('local run of main')
  await presenter.event(runCreated({ build: ['compile'] }))
  await presenter.event(approvalRequired('build'))
  expect(seen.map(({ type }) => type)).toEqual(['run_created', 'approval_required'])
  await presenter.event(stepStarted('build', compile))
  await presenter.event(output('build', compile, 'hello\n'))
  await presenter.notice('agola: stopping')
  await presenter.event(runFinished('success'))
  await presenter.finish()
  await presenter.close()
  expect(calls).toEqual(['start', 'notice agola: stopping', 'finish'])
  expect(stdout()).toBe('')
  expect(stderr()).toMatch(/^local run of main\nagola: stopping\n\nrun 1 checks {2}success/)
})

test('goes on in lines when the screen cannot start', async () => {
  const { presenter, stdout, stderr } = present({ broken: true })
  await presenter.event(runCreated({ build: ['compile'] }))
  await presenter.event(stepStarted('build', compile))
  await presenter.event(approvalRequired('build'))
  await presenter.event(output('build', compile, 'hello\n'))
  await presenter.finish()
  expect(stdout()).toContain('[build/compile] hello')
  expect(stderr()).toContain('the screen broke (no such terminal); --no-screen does without')
})

test('goes on in lines when the screen breaks, without telling again what was seen', async () => {
  const { presenter, options, stdout, stderr } = present()
  await presenter.event(runCreated({ build: ['compile'] }))
  await presenter.event(approvalRequired('build'))
  await presenter.event(stepStarted('build', compile))
  await presenter.event(output('build', compile, 'seen\n'))
  options()?.callbacks.onCrash?.(new Error('out of colours'))
  await presenter.event(output('build', compile, 'hello\n'))
  await presenter.event(runFinished('success'))
  await presenter.finish()
  const lines = stdout()
  expect(lines).toContain('[build/compile] hello')
  expect(lines).not.toContain('seen')
  expect(stderr()).toMatch(/out of colours[\s\S]*run 1 checks {2}success/)
})

test('waits a moment before it takes the screen', async () => {
  vi.useFakeTimers()
  try {
    const { presenter, calls } = present()
    await presenter.event(runCreated({ build: ['compile'] }))
    expect(calls).toEqual([])
    await vi.runAllTimersAsync()
    expect(calls).toEqual(['start'])
    await presenter.close()
  } finally {
    vi.useRealTimers()
  }
})

test('shows what goes on where there is a screen, and leaves it to notices where there is none', async () => {
  const { presenter, options, calls } = present()
  expect(presenter.activity(['taking a snapshot'])).toBe(false)
  await presenter.event(approvalRequired('build'))
  options()?.callbacks.onDescribe()
  expect(presenter.activity(['run 1 checks'])).toBe(true)
  await presenter.close()
  expect(presenter.activity(['nothing'])).toBe(false)
  expect(calls).toEqual(['start', 'describe', 'activity run 1 checks', 'finish'])
})

test('hands Ctrl-C on', async () => {
  const { presenter, options, calls } = present()
  await presenter.event(approvalRequired('build'))
  options()?.callbacks.onInterrupt()
  expect(calls).toEqual(['start', 'interrupt'])
  await presenter.close()
})
