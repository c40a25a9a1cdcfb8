import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { StringDecoder } from 'node:string_decoder'

export interface TerminalProgramOptions {
  directory: string
  environment: Record<string, string>
  columns?: number
  rows?: number
  /** How standard streams differ from the terminal, as a shell would write it: `< file`, `| cat`. */
  redirections?: string
  /** Words to put before the program. */
  through?: readonly string[]
}

/** The built program on a terminal of its own, made by script(1). Keys are typed; what the terminal got can be waited for. */
export class TerminalProgram {
  /** Its exit code. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess
  #text = ''
  #isOver = false
  #waiting: { text: string; from: number; resolve: () => void; reject: (error: Error) => void }[] = []

  constructor(script: string, args: readonly string[], options: TerminalProgramOptions) {
    const { directory, environment, columns = 100, rows = 30, redirections = '', through = [] } = options
    const words = [...through, process.execPath, script, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    // Without `exec` where a pipe follows: the exit code is the program's all the same.
    const command = `set -o pipefail; stty columns ${columns} rows ${rows}; ${words.join(' ')} ${redirections}`
    this.#child = spawn(
      'script',
      ['-q', '-e', '-f', '-c', `bash -c ${JSON.stringify(command).replaceAll('$', '\\$')}`, '/dev/null'],
      {
        cwd: directory,
        env: { TERM: 'xterm-256color', ...environment },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    const decoder = new StringDecoder()
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#text += decoder.write(chunk)
      this.#look()
    })
    this.ended = this.#end()
  }

  /** Everything that was written to the terminal, escape sequences included. */
  get text(): string {
    return this.#text
  }

  /** When the text has been written, behind the first `from` characters. */
  shows(text: string, from = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, from, resolve, reject })
      this.#look()
    })
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  async kill(): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGTERM')
    await this.ended
  }

  async #end(): Promise<number | null> {
    const [code] = (await once(this.#child, 'close')) as [number | null]
    this.#isOver = true
    this.#look()
    return code
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ text, from, resolve }) => {
      if (!this.#text.includes(text, from)) return true
      resolve()
      return false
    })
    if (!this.#isOver) return
    for (const { text, reject } of this.#waiting.splice(0))
      reject(new Error(`${JSON.stringify(text)} never came:\n${this.#text.slice(-4000)}`))
  }
}
