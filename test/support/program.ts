import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export interface ProgramOptions {
  directory: string
  environment: Record<string, string>
  /** false: standard output is only counted, for programs that print without end. */
  keepsOutput?: boolean
  /** Words to put before the program, such as `setsid`. */
  through?: readonly string[]
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  stdoutBytes: number
  /** The most memory that was seen while output came. */
  residentBytes: number
}

/** One line of `--output ndjson`. */
export type ProgramEvent = Record<string, unknown> & { type: string }

interface Waiting {
  /** undefined: not yet. */
  look: () => unknown
  resolve: (found: unknown) => void
  reject: (error: Error) => void
}

const residentSampleBytes = 1 << 20

/** The built program as a child process. Waits for what it says and for its end, never for time. */
export class Program {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #keepsOutput: boolean
  #stdout = ''
  #stderr = ''
  #stdoutBytes = 0
  #residentBytes = 0
  #isOver = false
  readonly #events: ProgramEvent[] = []
  #unparsed = ''
  #waiting: Waiting[] = []

  constructor(script: string, args: readonly string[], options: ProgramOptions) {
    const { directory, environment, keepsOutput = true, through = [] } = options
    const [command = process.execPath, ...words] = [...through, process.execPath, script, ...args]
    this.#keepsOutput = keepsOutput
    this.#child = spawn(command, words, { cwd: directory, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout = new StringDecoder()
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#onOutput(chunk, stdout))
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk
      this.#look()
    })
    this.ended = this.#end()
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program could not be started')
    return this.#child.pid
  }

  get events(): readonly ProgramEvent[] {
    return this.#events
  }

  /** The first event, of those that came and of those to come, for which `holds`. */
  event(holds: (event: ProgramEvent) => boolean): Promise<ProgramEvent> {
    return this.#until(() => this.#events.find(holds)) as Promise<ProgramEvent>
  }

  /** When the step has printed the text. */
  async printed(text: string): Promise<void> {
    await this.event(({ type, data }) => type === 'step_output' && String(data).includes(text))
  }

  /** When the text has come on standard error or standard output. */
  async says(text: string): Promise<void> {
    await this.#until(() => this.#stderr.includes(text) || this.#stdout.includes(text) || undefined)
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#isOver) process.kill(this.pid, signal)
  }

  /** As the reader of a pipe that has seen enough. */
  closeStdout(): void {
    this.#child.stdout?.destroy()
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  #onOutput(chunk: Buffer, decoder: StringDecoder): void {
    this.#sampleMemory(chunk.length)
    this.#stdoutBytes += chunk.length
    if (!this.#keepsOutput) return
    const text = decoder.write(chunk)
    this.#stdout += text
    const lines = (this.#unparsed + text).split('\n')
    this.#unparsed = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.#events.push(JSON.parse(line))
    this.#look()
  }

  #sampleMemory(bytes: number): void {
    const sample = (count: number) => Math.floor(count / residentSampleBytes)
    if (sample(this.#stdoutBytes) === sample(this.#stdoutBytes + bytes)) return
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1])
    this.#residentBytes = Math.max(this.#residentBytes, pages * 4096)
  }

  async #end(): Promise<Ended> {
    // Both streams are read to their end before it counts.
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null]
    this.#isOver = true
    this.#look()
    const [stdoutBytes, residentBytes] = [this.#stdoutBytes, this.#residentBytes]
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr, stdoutBytes, residentBytes }
  }

  #until(look: () => unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ look, resolve, reject })
    this.#look()
    return promise
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ look, resolve }) => {
      const found = look()
      if (found === undefined) return true
      resolve(found)
      return false
    })
    if (!this.#isOver) return
    const { exitCode, signalCode } = this.#child
    const said = `${this.#stdout.slice(-4000)}\n${this.#stderr.slice(-4000)}`
    for (const { reject } of this.#waiting.splice(0))
      reject(new Error(`it ended with ${exitCode ?? signalCode}:\n${said}`))
  }
}
