import { messageOf } from '../engine/model/errors.ts'
import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { PausedTaskRef, Pauses } from '../engine/ports/pauses.ts'
import { cleanName } from '../views/clean-text.ts'
import { truncate } from '../views/text-width.ts'
import { syncText } from './paused-tasks.ts'
import type { Question } from './prompt.ts'

export interface PausePromptOptions {
  /** Open a shell as soon as a step is paused. */
  opensShell: boolean
  ask: (question: Question) => Promise<string | null>
  pauses: () => Pauses | null
  /** Runs a shell on the terminal until it is left. */
  attach: (pauses: Pauses, task: PausedTaskRef) => Promise<number>
  tell: (text: string) => Promise<void>
}

type PausedEvent = Extract<ProgressEvent, { type: 'task_paused' }>

/** Asks the person at the terminal how to go on with paused steps. Commands of other terminals may answer first. */
export class PausePrompt {
  readonly #options: PausePromptOptions
  /** Aborted once a question needs no answer any more; by run and task. */
  readonly #open = new Map<string, AbortController>()
  #shell: Promise<void> | null = null

  constructor(options: PausePromptOptions) {
    this.#options = options
  }

  /** Whether a shell has the terminal: nothing else is to be written there. */
  get hasTerminal(): boolean {
    return this.#shell !== null
  }

  /** Resolves when the terminal is free. */
  async event(event: ProgressEvent): Promise<void> {
    if (event.type === 'task_resumed' || event.type === 'task_finished') this.#settle(keyOf(event.run, event.task.id))
    if (event.type === 'task_paused' && !this.#open.has(keyOf(event.run, event.task.id))) {
      const settled = new AbortController()
      this.#open.set(keyOf(event.run, event.task.id), settled)
      if (this.#options.opensShell) await this.#openShell(event)
      void this.#ask(event, settled.signal).catch((error: unknown) => this.#options.tell(messageOf(error)))
    }
    await this.#shell
  }

  close(): void {
    for (const key of this.#open.keys()) this.#settle(key)
  }

  #settle(key: string): void {
    this.#open.get(key)?.abort()
    this.#open.delete(key)
  }

  async #ask(event: PausedEvent, signal: AbortSignal): Promise<void> {
    const place = `${cleanName(event.task.name)}/${cleanName(event.step.name)}`
    const question = `${place} failed: [r]etry, [s]kip, [c]ontinue, s[h]ell, [l]ater? `
    while (!signal.aborted) {
      const text = (columns: number) => truncate(question, Math.max(1, columns - 2))
      const answer = await this.#options.ask({ text, hidden: false, signal })
      if (answer === null) return
      const pauses = this.#options.pauses()
      if (pauses === null || /^l(ater)?$/i.test(answer.trim())) return
      if (await this.#act(answer.trim().toLowerCase(), pauses, event)) return
    }
  }

  /** Whether the question was answered. */
  async #act(answer: string, pauses: Pauses, event: PausedEvent): Promise<boolean> {
    const task = { run: event.run, taskId: event.task.id }
    switch (answer) {
      case 'r':
      case 'retry':
        await this.#options.tell(syncText(await pauses.retry(task, { sync: true })).trimEnd())
        return true
      case 's':
      case 'skip':
        await pauses.skip(task)
        return true
      case 'c':
      case 'continue':
        await pauses.continue(task)
        return true
      case 'h':
      case 'shell':
        await this.#openShell(event)
        return false
      default:
        return false
    }
  }

  async #openShell(event: PausedEvent): Promise<void> {
    const pauses = this.#options.pauses()
    if (pauses === null) return
    const task = { run: event.run, taskId: event.task.id }
    await this.#options.tell(`a shell in the pod of ${cleanName(event.task.name)}; leave it to say how to go on`)
    const attached = this.#options.attach(pauses, task).then(
      () => undefined,
      (error: unknown) => this.#options.tell(messageOf(error)),
    )
    this.#shell = attached
    await attached
    this.#shell = null
  }
}

function keyOf(run: number, taskId: string): string {
  return `${run}/${taskId}`
}
