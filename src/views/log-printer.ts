import { cleanName, withoutColour } from './clean-text.ts'
import { LogLines } from './log-lines.ts'
import { prefixLines } from './prefix-lines.ts'

export interface LogPrinterOptions {
  /** `task/step`, for the prefix. */
  name: string
  prefix: boolean
  /** Colours of the step stay. */
  color: boolean
  /** The bytes as they were stored, escape sequences and carriage returns too. Without a prefix and a tail. */
  raw: boolean
  /** Only so many last lines; undefined: all. */
  tail: number | undefined
  /** Long lines are not cut. Without a tail. */
  whole?: boolean
  /** The time now, before the prefix of each line; undefined: no times. Without a tail. */
  timestamp?: (() => string) | undefined
}

/** One stored log as text for a terminal or a file, chunk by chunk in bounded memory. */
export class LogPrinter {
  readonly #options: LogPrinterOptions
  readonly #lines: LogLines
  readonly #prefix: string
  #colours = ''
  /** The last line that was printed goes on. */
  #isWithinLine = false
  /** With a tail: the last lines so far. */
  #kept: string[] = []

  constructor(options: LogPrinterOptions) {
    this.#options = options
    this.#lines = new LogLines({
      whole: options.whole === true && options.tail === undefined,
      rest: 'in the log: --raw shows them',
    })
    this.#prefix = options.prefix ? `[${cleanName(options.name)}] ` : ''
  }

  write(chunk: Uint8Array): string | Uint8Array {
    return this.#options.raw ? chunk : this.#print(this.#coloured(this.#lines.push(chunk)))
  }

  end(): string {
    if (this.#options.raw) return ''
    const last = this.#print(this.#coloured(this.#lines.end()))
    return this.#options.tail === undefined ? last : this.#withPrefix(this.#kept.join(''))
  }

  #coloured(lines: string): string {
    return this.#options.color ? lines : withoutColour(lines)
  }

  #print(lines: string): string {
    const { tail } = this.#options
    if (lines === '') return ''
    if (tail === undefined) return this.#withPrefix(lines)
    const added = lines.slice(0, -1).split('\n')
    this.#kept = [...this.#kept, ...added.map((line) => `${line}\n`)].slice(-tail)
    return ''
  }

  #withPrefix(lines: string): string {
    const { timestamp } = this.#options
    const prefix = timestamp === undefined ? this.#prefix : `${timestamp()} ${this.#prefix}`
    if (prefix === '' || lines === '') return lines
    const end = this.#isWithinLine ? lines.indexOf('\n') + 1 || lines.length : 0
    this.#isWithinLine = !lines.endsWith('\n')
    return this.#prefixed(lines.slice(0, end), '') + this.#prefixed(lines.slice(end), prefix)
  }

  #prefixed(lines: string, prefix: string): string {
    if (lines === '') return ''
    const isWhole = lines.endsWith('\n')
    const { text, colours } = prefixLines(isWhole ? lines : `${lines}\n`, prefix, this.#colours)
    this.#colours = colours
    return isWhole ? text : text.slice(0, -1)
  }
}
