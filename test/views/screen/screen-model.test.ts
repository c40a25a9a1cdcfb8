import { expect, test } from 'vitest'
import { fitLine } from '../../../src/views/screen/fit-line.ts'
import type { KeyPress } from '../../../src/views/screen/press-key.ts'
import { ScreenModel, type ScreenModelOptions } from '../../../src/views/screen/screen-model.ts'
import { textWidth } from '../../../src/views/text-width.ts'
import {
  approvalRequired,
  output,
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskPaused,
  taskResumed,
  taskStarted,
} from '../progress-events.ts'

const compile = step('compile')
const wide = { columns: 80, rows: 12 }

function screen(options: Partial<ScreenModelOptions> = {}) {
  const actions: unknown[] = []
  const model = new ScreenModel({
    color: false,
    keys: { approve: true, pauses: true, restart: true, stop: true, quit: true },
    now: () => 12_000,
    readLog: null,
    onChange: () => undefined,
    onAction: (action) => actions.push(action),
    ...options,
  })
  const press = (...keys: (KeyPress['name'] | string)[]) => {
    for (const key of keys) {
      const named = key.length > 1 || key === 'up'
      model.press(named ? { name: key as KeyPress['name'], text: '' } : { name: 'text', text: key })
    }
  }
  return { model, actions, press }
}

const events = [
  runCreated({ build: ['compile'], test: ['unit', 'e2e'], deploy: [] }),
  taskStarted('build', 2000),
  stepStarted('build', compile),
  output('build', compile, Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join('')),
]

test('a picture shows all tasks, the one that runs with its step and its newest lines', () => {
  const { model } = screen()
  for (const event of events) model.event(event)
  const picture = model.draw(wide)
  expect(picture.header).toBe('run 1 checks  running 11.0s  0/3 done  1 running')
  expect(picture.list).toEqual(
    ['▌● build compile   10.0s', ' · test                 ', ' · deploy               ']
      .map((row) => row.padEnd(picture.layout.listColumns))
      .map((row) => expect.stringContaining(row.trimEnd().slice(0, 8))),
  )
  expect(picture.title).toBe('build › compile running  following')
  expect(picture.log).toEqual(['92', '93', '94', '95', '96', '97', '98', '99'].map((line) => `line ${line}`))
})

test('no part of a picture is larger than its place, down to ten columns', () => {
  const { model } = screen({ color: true })
  model.event(runCreated({ ['🚀'.repeat(80)]: ['s'], b: [] }))
  model.event(taskStarted('b'))
  for (const columns of [10, 20, 40, 59, 60, 80, 200]) {
    for (const rows of [1, 3, 5, 24]) {
      const { layout, header, list, title, log, footer } = model.draw({ columns, rows })
      const width = (line: string) => textWidth(line.replace(/\x1b\[[0-9;]*m/g, ''))
      for (const line of [header, footer]) expect(width(line)).toBeLessThanOrEqual(columns)
      for (const line of list) expect(width(line)).toBeLessThanOrEqual(layout.listColumns)
      for (const line of [title, ...log]) expect(width(line)).toBeLessThanOrEqual(layout.logColumns)
      expect(list.length).toBeLessThanOrEqual(Math.max(0, layout.listRows))
      expect(log.length).toBeLessThanOrEqual(Math.max(0, layout.logRows))
    }
  }
})

test('scrolling leaves the end and comes back to it', () => {
  const { model, press } = screen()
  for (const event of events) model.event(event)
  model.draw(wide)
  press('pageUp')
  expect(model.draw(wide)).toMatchObject({
    title: 'build › compile running  line 85 of 100',
    log: expect.arrayContaining(['line 84']),
  })
  model.event(output('build', compile, 'more\n'))
  expect(model.draw(wide).log[0]).toBe('line 84')
  press('g')
  expect(model.draw(wide).log[0]).toBe('line 0')
  press('G')
  expect(model.draw(wide).log.at(-1)).toBe('more')
  press('pageUp', 'pageDown')
  expect(model.draw(wide).title).toContain('following')
})

test('search goes backwards from the end, on and back with n and N, and says when there is nothing', async () => {
  const { model, press } = screen()
  for (const event of events) model.event(event)
  model.draw(wide)
  const found = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return model.draw(wide)
  }
  press('/', 'l', 'i', 'x', 'backspace', 'n', 'e', ' ', '4', '2')
  expect(model.draw(wide).footer).toBe('search: line 42▏')
  press('enter')
  expect((await found()).log[0]).toBe('\x1b[7mline 42\x1b[27m\x1b[0m')
  press('N')
  expect((await found()).footer).toBe('line 42 was not found')
  press('/', '9', 'enter')
  expect((await found()).title).toContain('line 40 of 100')
  press('n')
  expect((await found()).title).toContain('line 50 of 100')
})

test('the person’s choice of a task and a step stays; escape goes back to what runs', () => {
  const { model, press } = screen()
  for (const event of events) model.event(event)
  press('down')
  expect(model.draw(wide).title).toContain('test › setup notstarted')
  press('right', 'right', 'right')
  expect(model.draw(wide).title).toContain('test › e2e')
  model.event(taskStarted('deploy'))
  expect(model.draw(wide).title).toContain('test › e2e')
  press('escape')
  expect(model.draw(wide).title).toContain('build › compile')
})

test('without a choice the screen goes on to the next task that runs, and to a failed one at the end', () => {
  const { model } = screen()
  for (const event of events) model.event(event)
  model.event(stepFinished('build', compile, 'failed', 1))
  model.event(taskStarted('test'))
  model.event(taskFinished('build', 'failed'))
  expect(model.draw(wide).title).toContain('test ›')
  model.event(taskFinished('test'))
  model.event(runFinished('failed'))
  expect(model.draw(wide).title).toContain('build › compile failed')
  expect(model.draw(wide).header).toContain('2/3 done  1 failed')
})

test('keys ask for approval, stop, restart and quit; the last three only after a yes', () => {
  const { model, actions, press } = screen()
  for (const event of [...events, approvalRequired('deploy')]) model.event(event)
  press('a')
  // Only looked at: it was not the task that was seen.
  expect(actions).toEqual([])
  expect(model.draw(wide).list[2]).toContain('? deploy approve?')
  press('a', 's')
  expect(model.draw(wide).footer).toBe('stop this run? y/n')
  press('n', 's', 'y', 'r', 'y', 'q')
  expect(model.draw(wide).footer).toBe('stop this run and quit? y/n')
  press('y', 'ctrl-c')
  expect(actions).toEqual([
    { type: 'approve', run: 1, task: 'deploy' },
    { type: 'stop', run: 1 },
    { type: 'restart', run: 1 },
    { type: 'quit', run: 1 },
    { type: 'interrupt' },
  ])
})

test('help lists the keys that there are, and any key closes it', () => {
  const { model, press } = screen({
    keys: { approve: false, pauses: false, restart: false, stop: true, quit: false },
  })
  for (const event of events) model.event(event)
  press('?')
  const help = model.draw({ columns: 80, rows: 30 }).log.join('\n')
  expect(help).toContain('stop the run')
  expect(help).not.toContain('paused')
  expect(help).not.toContain('quit')
  press('a')
  expect(model.draw(wide).log.at(-1)).toBe('line 99')
})

test('what goes on is asked for by Ctrl-\\ at any time, and stands over everything until a key', () => {
  const { model, actions, press } = screen()
  for (const event of events) model.event(event)
  press('s', 'ctrl-\\')
  expect(actions).toEqual([{ type: 'describe' }])
  model.activity(['run 1 checks: running for 11.0s', '  build: step 0 (compile)'])
  expect(model.draw(wide)).toMatchObject({
    activity: ['run 1 checks: running for 11.0s', '  build: step 0 (compile)'],
    footer: 'Any key closes this.  Ctrl-\\ asks again',
  })
  press('ctrl-c')
  model.message('stopping, press again to kill')
  expect(model.draw(wide)).toMatchObject({ activity: expect.anything(), footer: 'stopping, press again to kill' })
  press('y')
  expect(model.draw(wide)).toMatchObject({ activity: null, footer: 'stop this run? y/n' })
  expect(actions).toEqual([{ type: 'describe' }, { type: 'interrupt' }])
})

test('what goes on is shown whole: long lines are broken, and keys turn its pages', () => {
  const { model, press } = screen()
  for (const event of events) model.event(event)
  model.activity(['x'.repeat(25), 'ä🚀'.repeat(4), 'c', 'd', 'e'])
  const small = { columns: 10, rows: 6 }
  expect(model.draw(small)).toMatchObject({
    activity: ['xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxx'],
    footer: '5 more: a…',
  })
  press(' ')
  expect(model.draw(small).activity).toEqual(['ä🚀ä🚀ä🚀ä', '🚀', 'c'])
  press(' ')
  expect(model.draw(small).activity).toEqual(['d', 'e'])
  expect(model.draw({ columns: 80, rows: 7 })).toMatchObject({
    activity: ['e'],
    footer: expect.stringContaining('Any key closes'),
  })
  press(' ')
  expect(model.draw(small).activity).toBe(null)
  model.activity(['x'.repeat(80)])
  expect(model.draw({ columns: 40, rows: 4 }).footer).toContain('1 more: any key shows them, Esc closes')
  press('escape')
  expect(model.draw(small).activity).toBe(null)
})

test('lines that left memory are read back and shown once they are there', async () => {
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, line) => `line ${line}\n`).join(''))
  const changed: (() => void)[] = []
  const { model, press } = screen({
    readLog: async (_place, { offset, length }) => bytes.subarray(offset, offset + length),
    onChange: () => {
      for (const resolve of changed.splice(0)) resolve()
    },
  })
  for (const event of events.slice(0, 3)) model.event(event)
  model.event(output('build', compile, bytes))
  model.draw(wide)
  press('g')
  const next = new Promise<void>((resolve) => changed.push(resolve))
  expect(model.draw(wide).log).toEqual(['reading …'])
  await next
  expect(model.draw(wide).log.slice(0, 2)).toEqual(['line 0', 'line 1'])
})

test('a log that cannot be read back is told and the newest lines are shown', async () => {
  const { model, press } = screen({ readLog: () => Promise.reject(new Error('disk gone')) })
  for (const event of events.slice(0, 3)) model.event(event)
  model.event(output('build', compile, `${'x\n'.repeat(300_000)}end\n`))
  model.draw(wide)
  press('g')
  model.draw(wide)
  await new Promise((resolve) => setImmediate(resolve))
  expect(model.draw(wide)).toMatchObject({
    footer: 'the log cannot be read back: disk gone',
    log: expect.arrayContaining(['end']),
  })
})

test('two hundred tasks: the list keeps the selected one in sight', () => {
  const { model, press } = screen()
  model.event(runCreated(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`task-${index}`, []]))))
  for (let index = 0; index < 150; index += 1) press('down')
  expect(model.draw(wide).list.some((row) => row.startsWith('▌') && row.includes('task-150'))).toBe(true)
})

test('a line is cut by what is seen, colours are closed and tabs are spaces', () => {
  expect(fitLine('\x1b[31mabcdef\x1b[0m', 4)).toBe('\x1b[31mabc…\x1b[0m')
  expect(fitLine('a\tb', 20)).toBe('a       b')
  expect(fitLine('🚀🚀🚀', 5)).toBe('🚀🚀…')
  expect(fitLine('x'.repeat(1_000_000), 3)).toBe('xx…')
  expect(fitLine('abc', 0)).toBe('')
})

test('a paused step is marked until it is resumed', () => {
  const { model } = screen()
  for (const event of [...events, taskPaused('build', compile)]) model.event(event)
  expect(model.draw(wide).list[0]).toContain('? build paused')
  expect(model.draw(wide).header).toContain('paused')
  model.event(taskResumed('build', compile))
  expect(model.draw(wide).list[0]).not.toContain('paused')
  expect(model.draw(wide).header).not.toContain('paused')
})

test('the screen goes to a task that is paused, and keys decide about it; what loses something only after a yes', () => {
  const { model, actions, press } = screen()
  for (const event of [...events, taskStarted('test')]) model.event(event)
  press('t', 'x', 'p', 'c')
  model.event(taskPaused('test', step('unit')))
  expect(model.draw(wide).title).toContain('test ›')
  expect(model.draw(wide).footer).toBe('t try again  x shell  p skip  c let it fail  ? help')
  press('t', 'x', 'p')
  expect(model.draw(wide).footer).toBe('go on as if the step had succeeded? y/n')
  press('n', 'p', 'y', 'c')
  expect(model.draw(wide).footer).toBe('let the failure stand? y/n')
  press('y', 'up', 't')
  const place = { run: 1, task: 'test' }
  expect(actions).toEqual(['retry', 'shell', 'skip', 'continue'].map((type) => ({ type, ...place })))
})

test('q asks whether to stop where no rounds follow', () => {
  const keys = { approve: true, pauses: false, restart: false, stop: true, quit: false }
  const { model, press } = screen({ keys })
  for (const event of events) model.event(event)
  press('q')
  expect(model.draw(wide).footer).toBe('stop this run? y/n')
})
