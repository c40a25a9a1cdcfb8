import { messageOf } from '../engine/model/errors.ts'
import type { RunTaskId, TimeMs } from '../engine/model/ids.ts'
import type { ProgressEvent, ProgressTask } from '../engine/model/progress-event.ts'
import { cleanName } from '../views/clean-text.ts'
import { formatDuration } from '../views/format-duration.ts'
import { shellWord } from '../views/shell-word.ts'
import { textWidth, truncate } from '../views/text-width.ts'
import type { Question } from './prompt.ts'

export interface ApprovalPromptOptions {
  ask: (question: Question) => Promise<string | null>
  approve: (run: number, task: RunTaskId) => Promise<void>
  stop: (run: number) => Promise<void>
  tell: (text: string) => void
  /** Nobody answers any more. */
  onGone: () => void
  /** Somebody is asked in another way. */
  isAskedElsewhere: () => boolean
  now: () => TimeMs
}

interface Waiting {
  run: number
  task: ProgressTask
  /** Names of the tasks before it. */
  needs: string[]
  since: TimeMs
  /** Aborted once no answer is needed any more. */
  settled: AbortController
}

/** Asks for the approval of tasks, one at a time in the order of the config, while everything else goes on (spec/local-runs.md 8). */
export class ApprovalPrompt {
  readonly #options: ApprovalPromptOptions
  /** Tasks of the runs that go on, in the order of the config. */
  readonly #tasks = new Map<number, ProgressTask[]>()
  #waiting: Waiting[] = []
  /** Nobody answers any more. */
  #gone = false
  #asking = false

  constructor(options: ApprovalPromptOptions) {
    this.#options = options
  }

  /** Whether somebody may still answer. */
  get isOpen(): boolean {
    return !this.#gone
  }

  event(event: ProgressEvent): void {
    if (event.type === 'run_created') this.#tasks.set(event.run, event.tasks)
    else if (event.type === 'approval_required') this.#add(event)
    else if (event.type === 'task_started' || event.type === 'task_finished') this.#settle(event.run, event.task.id)
    else if (event.type === 'run_finished') this.#settle(event.run, null)
    if (this.#waiting.length > 0 && !this.#asking && !this.#options.isAskedElsewhere()) void this.#askAll()
  }

  close(): void {
    this.#gone = true
    for (const { settled } of this.#waiting) settled.abort()
  }

  #add({ run, task: { id }, time }: Extract<ProgressEvent, { type: 'approval_required' }>): void {
    const tasks = this.#tasks.get(run) ?? []
    const task = tasks.find((each) => each.id === id)
    if (task === undefined || this.#gone) return
    const needs = task.depends.map((depend) => cleanName(tasks.find((each) => each.id === depend.id)?.name ?? ''))
    this.#waiting.push({ run, task, needs, since: time, settled: new AbortController() })
    this.#waiting.sort((a, b) => a.run - b.run || this.#indexOf(a) - this.#indexOf(b))
  }

  #indexOf({ run, task }: Waiting): number {
    return (this.#tasks.get(run) ?? []).indexOf(task)
  }

  #settle(run: number, task: RunTaskId | null): void {
    const isSettled = (waiting: Waiting) => waiting.run === run && (task === null || waiting.task.id === task)
    const settled = this.#waiting.filter(isSettled)
    this.#waiting = this.#waiting.filter((waiting) => !isSettled(waiting))
    for (const waiting of settled) waiting.settled.abort()
  }

  async #askAll(): Promise<void> {
    this.#asking = true
    for (let waiting = this.#waiting[0]; waiting !== undefined && !this.#gone; waiting = this.#waiting[0]) {
      await this.#ask(waiting).catch((error: unknown) => this.#options.tell(messageOf(error)))
    }
    this.#asking = false
  }

  async #ask(waiting: Waiting): Promise<void> {
    const { signal } = waiting.settled
    const text = (columns: number) => this.#questionText(waiting, columns)
    const answer = (await this.#options.ask({ text, hidden: false, bell: true, signal }))?.trim()
    if (signal.aborted) return
    if (answer === undefined) return this.#leave()
    if (answer === 'a') return await this.#approve(waiting)
    if (answer === 'a!') for (const each of [...this.#waiting]) await this.#approve(each)
    else if (answer === 's') await this.#stop(waiting)
    else if (answer === '' || answer === 'l') await this.#later(waiting)
    else this.#options.tell(this.#explain(waiting))
  }

  async #approve(waiting: Waiting): Promise<void> {
    await this.#options.approve(waiting.run, waiting.task.id)
    this.#settle(waiting.run, waiting.task.id)
  }

  async #stop({ run }: Waiting): Promise<void> {
    await this.#options.stop(run)
    this.#settle(run, null)
  }

  async #later({ settled: { signal } }: Waiting): Promise<void> {
    const count = this.#waiting.length
    const text = () => `${count === 1 ? 'one task waits' : `${count} tasks wait`} for approval, Enter to answer: `
    if ((await this.#options.ask({ text, hidden: false, signal })) === null && !signal.aborted) this.#leave()
  }

  #leave(): void {
    this.#gone = true
    this.#options.onGone()
  }

  #questionText({ task, needs, since }: Waiting, columns: number): string {
    const waited = this.#options.now() - since
    const facts = [
      needs.length === 0 ? '' : `after ${needs.join(', ')}`,
      waited < 1000 ? '' : `waiting ${formatDuration(waited)}`,
    ]
    const known = facts.filter((fact) => fact !== '').join(', ')
    const keys = columns < 60 ? '[a/l/s/?] ' : '[a]pprove / [l]ater / [s]top / [?] '
    // What is typed needs a few columns behind the question.
    const room = Math.max(4, columns - textWidth(keys) - 6)
    const head = `approve ${cleanName(task.name)}?${columns < 60 || known === '' ? '' : ` (${known})`}`
    return `${truncate(head, room)} ${keys}`
  }

  #explain({ run, task }: Waiting): string {
    const command = `agola directrun approve ${run} ${shellWord(task.name)}`
    return `a approves ${cleanName(task.name)}, a! all that wait, l or Enter leaves it for later, s stops the run, Ctrl-C too. In another terminal: ${command}`
  }
}
