import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { posix } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import { ByteQueue } from './byte-queue.ts'
import type { Git } from './git.ts'

/** Larger objects are not read into memory: nothing that configures a run is that large. */
const objectBytesMax = 64 * 1024 * 1024

export interface GitObject {
  type: string
  content: Buffer
}

interface Request {
  name: string
  resolve: (object: GitObject | null) => void
  reject: (error: Error) => void
}

interface Body {
  type: string
  size: number
  /** null: read and thrown away. */
  chunks: Buffer[] | null
  outcome: 'found' | 'missing' | 'tooLarge'
}

/** Reads objects through one long-lived git process, which lives until `close`. Answers come in the order of the questions. */
export class ObjectReader {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #queue = new ByteQueue()
  readonly #waiting: Request[] = []
  #body: Body | null = null
  #stderr = ''
  #ended = false

  constructor(git: Git, cwd: string, objects: string) {
    const args = ['cat-file', '--batch', '--follow-symlinks']
    this.#child = git.start(args, { cwd, env: { GIT_OBJECT_DIRECTORY: objects } })
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk}`.slice(-4096)
    })
    this.#child.stdin.on('error', () => undefined)
    this.#child.once('error', (error) => this.#end(error.message))
    this.#child.once('close', () => this.#end(this.#stderr.trim() || 'it ended'))
  }

  /** What lies at a path of `tree`, symbolic links inside the tree followed; null when there is nothing. */
  readPath(tree: string, path: string): Promise<GitObject | null> {
    const clean = posix.normalize(path)
    if (clean.startsWith('/') || clean === '..' || clean.startsWith('../') || /[\n\0]/.test(clean))
      return Promise.resolve(null)
    return this.#ask(`${tree}:${clean === '.' ? '' : clean}`)
  }

  /** An object by its id; null when it is missing. */
  readObject(id: string): Promise<GitObject | null> {
    return this.#ask(id)
  }

  close(): void {
    this.#child.stdin.end()
  }

  #ask(name: string): Promise<GitObject | null> {
    if (this.#ended) return Promise.reject(this.#failure('it has ended already'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, resolve, reject })
      this.#child.stdin.write(`${name}\n`)
    })
  }

  #receive(chunk: Buffer): void {
    this.#queue.push(chunk)
    while (this.#body !== null ? this.#readBody(this.#body) : this.#readHeader()) {
      // Each turn takes one header or one part of a body.
    }
  }

  #readHeader(): boolean {
    const header = this.#queue.takeUntil(10)?.toString()
    if (header === undefined) return false
    const [kind = '', type = ''] = header.split(' ')
    const size = Number(header.slice(header.lastIndexOf(' ') + 1))
    const elsewhere = ['symlink', 'dangling', 'loop', 'notdir'].includes(kind)
    if (!elsewhere && !/^[0-9a-f]+ \w+ \d+$/.test(header)) this.#answer(null)
    else if (elsewhere) this.#body = { type, size, chunks: null, outcome: 'missing' }
    else if (size > objectBytesMax) this.#body = { type, size, chunks: null, outcome: 'tooLarge' }
    else this.#body = { type, size, chunks: [], outcome: 'found' }
    return true
  }

  #readBody(body: Body): boolean {
    if (body.size > 0) {
      const part = this.#queue.takeUpTo(Math.min(body.size, this.#queue.length))
      body.size -= part.length
      body.chunks?.push(part)
    }
    // A line feed ends each body.
    if (body.size > 0 || this.#queue.take(1) === null) return false
    this.#body = null
    if (body.outcome === 'tooLarge') this.#refuse()
    else this.#answer(body.chunks === null ? null : { type: body.type, content: Buffer.concat(body.chunks) })
    return true
  }

  #answer(object: GitObject | null): void {
    this.#waiting.shift()?.resolve(object)
  }

  #refuse(): void {
    const request = this.#waiting.shift()
    const megabytes = objectBytesMax / 1024 / 1024
    request?.reject(new AgolaError('tooLarge', `${request.name} is larger than ${megabytes} MiB and cannot be read.`))
  }

  #end(reason: string): void {
    this.#ended = true
    for (const request of this.#waiting.splice(0)) request.reject(this.#failure(reason))
  }

  #failure(reason: string): AgolaError {
    return new AgolaError('gitFailed', `git cat-file cannot be asked: ${reason}`)
  }
}
