import type { ControllingTerminal } from './controlling-terminal.ts'
import type { Output } from './output.ts'

export interface PromptOptions {
  open: () => ControllingTerminal | null
  /** Ctrl-C, which makes no signal while a question is open. */
  interrupt: () => void
  /** Ctrl-\, which makes none either. */
  describe: () => void
  /** Ctrl-Z; resolves when the terminal is ours again. */
  suspend: () => Promise<void>
  /** What they write to a terminal goes above the question. */
  outputs: readonly Output[]
}

export interface Question {
  /** Asked again for each drawing. */
  text: (columns: number) => string
  /** What is typed does not show. */
  hidden: boolean
  /** Ring when it is asked. */
  bell?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Questions on the controlling terminal, one at a time, never on standard input. */
export class Prompt {
  readonly #options: PromptOptions
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: PromptOptions) {
    this.#options = options
  }

  /** The line that was typed; null when nobody answers: Ctrl-C, Ctrl-D, the terminal is gone, or `signal`. */
  ask(question: Question): Promise<string | null> {
    const answer = this.#last.then(() => this.#ask(question))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #ask(question: Question): Promise<string | null> {
    if (question.signal?.aborted) return null
    for (let typed = ''; ; ) {
      const terminal = this.#options.open()
      if (terminal === null) return null
      const line = new QuestionLine(terminal, question, typed)
      const { outputs } = this.#options
      for (const output of outputs) output.below = line
      const end = await line.read()
      for (const output of outputs) output.below = null
      line.close(end)
      if (end.type === 'typed') return end.text
      if (end.type === 'gone') return null
      if (end.type === 'interrupted') {
        this.#options.interrupt()
        return null
      }
      typed = end.text
      if (end.type === 'asked') {
        this.#options.describe()
        continue
      }
      await this.#options.suspend()
    }
  }
}

type End =
  | { type: 'typed'; text: string }
  | { type: 'suspended' | 'asked'; text: string }
  | { type: 'interrupted' }
  | { type: 'gone' }

const eraseLine = '\r\x1b[K'

/** One question with what was typed behind it, on the last line of the terminal. */
class QuestionLine {
  readonly #terminal: ControllingTerminal
  readonly #question: Question
  #typed: string

  constructor(terminal: ControllingTerminal, question: Question, typed: string) {
    this.#terminal = terminal
    this.#question = question
    this.#typed = typed
  }

  erase(): void {
    this.#terminal.write(eraseLine)
  }

  draw(): void {
    const { hidden, text } = this.#question
    this.#terminal.write(`${eraseLine}${text(this.#terminal.columns)}${hidden ? '' : this.#typed}`)
  }

  close(end: End): void {
    if (end.type === 'typed') {
      this.draw()
      this.#terminal.write('\n')
    } else this.erase()
    this.#terminal.close()
  }

  read(): Promise<End> {
    const { input } = this.#terminal
    const { signal } = this.#question
    return new Promise((resolve) => {
      const finish = (end: End) => {
        input.off('data', onData).off('end', onGone).off('error', onGone)
        signal?.removeEventListener('abort', onGone)
        resolve(end)
      }
      const onGone = () => finish({ type: 'gone' })
      const onData = (bytes: Buffer | string) => {
        const end = this.#type(bytes.toString())
        if (end !== null) return finish(end)
        this.draw()
      }
      input.on('data', onData).on('end', onGone).on('error', onGone)
      signal?.addEventListener('abort', onGone, { once: true })
      if (this.#question.bell) this.#terminal.write('\x07')
      this.draw()
    })
  }

  #type(text: string): End | null {
    // Arrow keys and their like come as one sequence and type nothing.
    for (const key of text.replace(/\x1b(\[[0-9;]*[A-Za-z~]|O[A-Za-z]|.)?/g, '')) {
      if (key === '\r' || key === '\n') return { type: 'typed', text: this.#typed }
      if (key === '\x03') return { type: 'interrupted' }
      if (key === '\x04' && this.#typed === '') return { type: 'gone' }
      if (key === '\x1a') return { type: 'suspended', text: this.#typed }
      if (key === '\x1c') return { type: 'asked', text: this.#typed }
      if (key === '\x7f' || key === '\b') this.#typed = [...this.#typed].slice(0, -1).join('')
      else if (key === '\x15') this.#typed = ''
      else if (key >= ' ') this.#typed += key
    }
    return null
  }
}
