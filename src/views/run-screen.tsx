import { Box, type Key, render, Text, useApp, useInput, useWindowSize } from 'ink'
import { useEffect, useSyncExternalStore } from 'react'
import type { RunTaskId } from '../engine/model/ids.ts'
import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { Action, KeyPress } from './screen/press-key.ts'
import { ScreenModel } from './screen/screen-model.ts'
import type { StepPlace } from './screen/step-logs.ts'
import { StepLog } from './step-log.tsx'
import { TaskList } from './task-list.tsx'

export interface RunScreenOptions {
  stdout: NodeJS.WriteStream
  stdin: NodeJS.ReadStream
  color: boolean
  now: () => number
  /** What keys do. Where one is missing its key is not offered. A rejection is shown in the last line. */
  callbacks: RunScreenCallbacks
  /** Reads a stored log back, for lines that are no longer in memory. */
  readLog?: ((place: StepPlace, range: { offset: number; length: number }) => Promise<Uint8Array>) | undefined
}

export interface RunScreenCallbacks {
  /** Ctrl-C, which reaches no signal handler while the screen reads keys. */
  onInterrupt: () => void
  /** Ctrl-\, which reaches none either: `activity` is to be called. */
  onDescribe: () => void
  /** Ctrl-Z. Has the terminal for itself until it resolves. */
  onSuspend?: (() => Promise<void>) | undefined
  /** The screen broke and has given the terminal back. */
  onCrash?: ((error: unknown) => void) | undefined
  onStop?: ((run: number) => Promise<void>) | undefined
  onApprove?: ((run: number, task: string) => Promise<void>) | undefined
  onRestart?: ((run: number) => Promise<void>) | undefined
  /** Ends the rounds of which this run is one. */
  onQuit?: ((run: number) => Promise<void>) | undefined
  /** For tasks that are paused. */
  pauses?: PauseCallbacks | undefined
}

export interface PauseCallbacks {
  /** Gives what is to be said about it; '' for nothing. */
  decide: (decision: 'retry' | 'skip' | 'continue', run: number, task: RunTaskId) => Promise<string>
  /** Has the terminal for itself until it resolves. */
  shell: (run: number, task: RunTaskId) => Promise<void>
}

export interface RunScreen {
  event(event: ProgressEvent): void
  /** Something to tell that is no event, in the last line. */
  notice(text: string): void
  /** What goes on, a line for each thing, until a key closes it. */
  activity(lines: readonly string[]): void
  /** Gives the terminal back as it was before. Safe to call twice. */
  finish(): Promise<void>
}

/** Pictures a second while steps print: enough to see that it moves, and a fraction of what drawing without limit would cost.
 *  A key is answered at once. */
const picturesPerSecond = 4
const picturesPerSecondMax = 30

/** Draws runs on a screen of its own, which leaves the scroll-back of the terminal alone. */
export function startRunScreen(options: RunScreenOptions): RunScreen {
  const changes = new Changes()
  const suspension: Suspension = { suspend: null, isSuspended: false }
  const { callbacks } = options
  const model = new ScreenModel({
    color: options.color,
    now: options.now,
    keys: {
      approve: callbacks.onApprove !== undefined,
      pauses: callbacks.pauses !== undefined,
      restart: callbacks.onRestart !== undefined,
      stop: callbacks.onStop !== undefined,
      quit: callbacks.onQuit !== undefined,
    },
    readLog: options.readLog ?? null,
    onChange: () => changes.mark(),
    onAction: (action) => {
      if (action.type === 'interrupt') return callbacks.onInterrupt()
      if (action.type === 'describe') return callbacks.onDescribe()
      act(action, callbacks, (work) => suspended(suspension, work)).then(
        (text) => text !== '' && model.message(text),
        (error: unknown) => model.message(error instanceof Error ? error.message : String(error)),
      )
    },
  })
  const onReady = (suspend: (work: () => Promise<void>) => Promise<void>) => {
    suspension.suspend = suspend
  }
  const erasing = eraseWhenNarrower(options.stdout, () => suspension.isSuspended)
  const instance = render(<Screen model={model} changes={changes} onReady={onReady} />, {
    stdout: options.stdout,
    stdin: options.stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: picturesPerSecondMax,
  })
  const ended = instance.waitUntilExit().catch((error: unknown) => callbacks.onCrash?.(error))
  const ticking = setInterval(() => changes.mark(), 1000)
  ticking.unref()
  let finished: Promise<void> | undefined
  const finish = async () => {
    clearInterval(ticking)
    changes.end()
    instance.unmount()
    await ended
    erasing.end()
  }
  return {
    event: (event) => {
      model.event(event)
      if (event.type === 'approval_required' || event.type === 'task_paused') options.stdout.write('\x07')
    },
    notice: (text) => model.message(text),
    activity: (lines) => model.activity(lines),
    finish: () => {
      finished ??= finish()
      return finished
    },
  }
}

interface Suspension {
  /** null until the screen is there. */
  suspend: ((work: () => Promise<void>) => Promise<void>) | null
  /** Somebody else has the terminal. */
  isSuspended: boolean
}

async function suspended(suspension: Suspension, work: () => Promise<void>): Promise<void> {
  suspension.isSuspended = true
  await suspension.suspend?.(work).finally(() => {
    suspension.isSuspended = false
  })
}

/** Terminals that become narrower break the lines of a picture, which then has more rows than whoever drew it takes away. Before
 *  the drawing: listeners are called in their order. */
function eraseWhenNarrower(stdout: NodeJS.WriteStream, isSuspended: () => boolean): { end: () => void } {
  let { columns } = stdout
  const onResize = () => {
    if (stdout.columns < columns && !isSuspended()) stdout.write('\x1b[2J\x1b[H')
    columns = stdout.columns
  }
  stdout.on('resize', onResize)
  return { end: () => stdout.off('resize', onResize) }
}

/** Gives what is to be said about it. */
async function act(
  action: Action,
  callbacks: RunScreenCallbacks,
  suspend: (work: () => Promise<void>) => Promise<void>,
): Promise<string> {
  const { onApprove, onStop, onRestart, onQuit, onSuspend, pauses } = callbacks
  switch (action.type) {
    case 'approve':
      await onApprove?.(action.run, action.task)
      return ''
    case 'stop':
      await onStop?.(action.run)
      return ''
    case 'restart':
      await onRestart?.(action.run)
      return ''
    case 'quit':
      await onQuit?.(action.run)
      return ''
    case 'suspend':
      if (onSuspend !== undefined) await suspend(onSuspend)
      return ''
    case 'shell':
      if (pauses !== undefined) await suspend(() => pauses.shell(action.run, action.task))
      return ''
    case 'retry':
    case 'skip':
    case 'continue':
      return (await pauses?.decide(action.type, action.run, action.task)) ?? ''
    default:
      return ''
  }
}

/** Tells React that something changed, at most so often that each telling can become a picture. */
class Changes {
  #count = 0
  #timer: NodeJS.Timeout | null = null
  #listener: (() => void) | null = null

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener
    return () => {
      this.#listener = null
    }
  }

  readonly current = (): number => this.#count

  mark(): void {
    this.#timer ??= setTimeout(() => this.now(), 1000 / picturesPerSecond)
  }

  now(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#count += 1
    this.#listener?.()
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#listener = null
  }
}

interface ScreenProps {
  model: ScreenModel
  changes: Changes
  onReady: (suspend: (work: () => Promise<void>) => Promise<void>) => void
}

function Screen({ model, changes, onReady }: ScreenProps) {
  useSyncExternalStore(changes.subscribe, changes.current)
  const size = useWindowSize()
  const { suspendTerminal } = useApp()
  useEffect(() => onReady((work) => suspendTerminal(work)), [onReady, suspendTerminal])
  useInput((text, key) => {
    for (const press of keyPresses(text, key)) model.press(press)
    changes.now()
  })
  const { layout, header, list, title, log, activity, footer } = model.draw(size)
  return (
    // After a resize the old picture is drawn once more, before React knows the new size: it is cut to the terminal.
    <Box flexDirection="column" width="100%" height={Math.max(1, size.rows - 1)} overflow="hidden">
      <Text wrap="truncate-end">{header}</Text>
      {activity === null ? (
        <Box flexDirection={layout.sideBySide ? 'row' : 'column'} flexGrow={1} columnGap={1}>
          <TaskList lines={list} columns={layout.listColumns} rows={layout.listRows} />
          <StepLog title={title} lines={log} columns={layout.logColumns} rows={layout.logRows} />
        </Box>
      ) : (
        <Box flexGrow={1}>
          <Text wrap="truncate-end">{activity.join('\n')}</Text>
        </Box>
      )}
      <Text wrap="truncate-end">{footer}</Text>
    </Box>
  )
}

const namedKeys = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
  ['tab', 'tab'],
] as const satisfies (readonly [keyof Key, KeyPress['name']])[]

const controlNames: Record<string, KeyPress['name'] | undefined> = {
  '\x03': 'ctrl-c',
  '\x1a': 'ctrl-z',
  '\x1c': 'ctrl-\\',
}

/** Keys that arrive together, as from a paste or a slow line, are pressed one after another. */
function keyPresses(text: string, key: Key): KeyPress[] {
  if (key.ctrl) return text === 'c' || text === 'z' || text === '\\' ? [{ name: `ctrl-${text}`, text: '' }] : []
  const named = namedKeys.find(([property]) => key[property])
  if (named !== undefined) return [{ name: named[1], text: '' }]
  return [...text].flatMap((each): KeyPress[] => {
    const name = controlNames[each]
    if (name !== undefined) return [{ name, text: '' }]
    return each >= ' ' ? [{ name: 'text', text: each }] : []
  })
}
