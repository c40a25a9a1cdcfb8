import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { AgolaError } from '../model/errors.ts'
import { shellQuote } from '../std/shell-quote.ts'
import { gitEnvironment, gitOverrides } from './git-environment.ts'

export interface GitOptions {
  cwd?: string
  /** Added to the cleaned environment. */
  env?: Record<string, string>
  input?: string | Uint8Array
  signal?: AbortSignal | undefined
  /** Called with each piece of standard output; then `stdout` of the result stays empty. */
  onOutput?: (chunk: Buffer) => void
}

export interface GitResult {
  /** 0 when it succeeded; −1 when a signal ended it. */
  exitCode: number
  stdout: Buffer
  stderr: string
}

const stderrBytesMax = 64 * 1024

/** The oldest git whose options are all there: `config --show-scope` came with 2.26. */
const versionMin = [2, 26] as const

/** Runs the git program of the machine. Each call is one child process in a session of its own, so that Ctrl-C at the
 *  terminal reaches us and not git. */
export class Git {
  readonly #environment: Record<string, string>

  /** `environment` is the caller's own; what of it would lead git astray is dropped. `place` says where the repository is, for one that
   *  git would not find by itself. */
  constructor(environment: Readonly<Record<string, string | undefined>>, place: Readonly<Record<string, string>> = {}) {
    this.#environment = { ...gitEnvironment(environment), ...place }
  }

  /** The output of a command that must succeed. Throws `gitFailed` with git's own words. */
  async run(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
    const result = await this.try(args, options)
    if (result.exitCode !== 0) throw gitFailure(args, result)
    return result.stdout
  }

  /** Like `run`, but leaves the judgement of the exit code to the caller. Throws when git could not be started or `signal` aborts. */
  async try(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    options.signal?.throwIfAborted()
    return await this.#finish(this.start(args, options), options)
  }

  /** What several commands print one after the other, each of which wants the one before it to succeed: for the price of one child, whose
   *  start holds this process up for some milliseconds. null when one failed, or where there is no shell: run by itself, each tells why. */
  async tryAll(commands: readonly (readonly string[])[], options: GitOptions = {}): Promise<Buffer | null> {
    options.signal?.throwIfAborted()
    if (process.platform === 'win32') return null
    const words = commands.map((args) => ['git', ...gitOverrides, ...args].map(shellQuote).join(' '))
    const child = this.#spawn('/bin/sh', ['-c', words.join(' && ')], options)
    const { exitCode, stdout } = await this.#finish(child, options)
    return exitCode === 0 ? stdout : null
  }

  async #finish(child: ChildProcessWithoutNullStreams, options: GitOptions): Promise<GitResult> {
    const stdout: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (options.onOutput ? options.onOutput(chunk) : stdout.push(chunk)))
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < stderrBytesMax) stderr += chunk.toString()
    })
    // A git that ends before it has read everything breaks the pipe; its exit code and its words tell why.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    return await new Promise((resolve, reject) => {
      const abort = () => terminate(child)
      options.signal?.addEventListener('abort', abort, { once: true })
      child.once('error', (error) => {
        options.signal?.removeEventListener('abort', abort)
        reject(startFailure(error))
      })
      child.once('close', (code) => {
        options.signal?.removeEventListener('abort', abort)
        if (options.signal?.aborted) reject(options.signal.reason)
        else resolve({ exitCode: code ?? -1, stdout: Buffer.concat(stdout), stderr })
      })
    })
  }

  /** Starts git and leaves its streams to the caller. */
  start(args: readonly string[], options: Pick<GitOptions, 'cwd' | 'env'> = {}): ChildProcessWithoutNullStreams {
    return this.#spawn('git', [...gitOverrides, ...args], options)
  }

  #spawn(program: string, args: string[], options: Pick<GitOptions, 'cwd' | 'env'>): ChildProcessWithoutNullStreams {
    return spawn(program, args, {
      cwd: options.cwd,
      env: { ...this.#environment, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
  }

  /** Throws unless git is there and new enough. */
  async checkVersion(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const text = (await this.run(['version'], options)).toString().trim()
    const match = /(\d+)\.(\d+)/.exec(text)
    const [major, minor] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)]
    if (major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])) return
    throw new AgolaError(
      'gitFailed',
      `git ${versionMin.join('.')} or newer is needed, but this is "${text}". Install a newer git.`,
    )
  }
}

/** With all that it has started: a git in a shell would go on, and hold our end of its output open. */
function terminate(child: ChildProcess): void {
  if (child.pid === undefined || process.platform === 'win32') child.kill('SIGTERM')
  // Until it is waited for, its group is there.
  else if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGTERM')
}

/** git's message as an error: the last lines are the ones that say what went wrong. */
export function gitFailure(args: readonly string[], result: GitResult): AgolaError {
  const words = result.stderr.trim().split('\n').slice(-5).join('\n')
  const how = result.exitCode < 0 ? 'was killed' : `ended with code ${result.exitCode}`
  return new AgolaError('gitFailed', `git ${args[0]} ${how}${words === '' ? '' : `: ${words}`}`, {
    details: { args: args.slice(0, 20), exitCode: result.exitCode },
  })
}

function startFailure(error: NodeJS.ErrnoException): AgolaError {
  if (error.code === 'ENOENT') {
    const message = 'The program "git" was not found. Install git and make sure that it is in your PATH.'
    return new AgolaError('gitFailed', message, { cause: error })
  }
  return new AgolaError('gitFailed', `git could not be started: ${error.message}`, { cause: error })
}
