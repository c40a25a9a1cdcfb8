import { Worker } from 'node:worker_threads'
import type { EvaluatedValue, Evaluation, JsonnetError, JsonValue } from './evaluation.ts'
import { Heartbeat } from './heartbeat.ts'
import type { PoolOptions } from './pool-options.ts'
import { positionsByPath } from './positions.ts'
import type {
  WorkerAnswer,
  WorkerMessage,
  WorkerQuestion,
  WorkerSetup,
  WorkOrder,
  WorkOutcome,
} from './worker-messages.ts'

export interface PoolLimits {
  memoryMb: number
  stackMb: number
}

/** How long past its time limit a program may still end by itself, which gives a better message than being killed. */
const graceMs = 250

/** One thread as its owner sees it. Takes one program at a time. */
export class WorkerHost {
  readonly #worker: Worker
  readonly #heartbeat = new Heartbeat()
  readonly #memoryMb: number
  #isAlive = true
  #job: Job | undefined

  constructor({ memoryMb, stackMb }: PoolLimits) {
    this.#memoryMb = memoryMb
    const workerData: WorkerSetup = { memory: this.#heartbeat.memory, memoryMb }
    this.#worker = new Worker(workerFile(), {
      workerData,
      env: {},
      execArgv: [],
      resourceLimits: {
        // The thread watches its memory itself; this is for what it does not notice in time.
        maxOldGenerationSizeMb: memoryMb * 2 + 256,
        maxYoungGenerationSizeMb: 64,
        stackSizeMb: stackMb,
      },
    })
    // An idle thread must not keep the process from ending.
    this.#worker.unref()
    this.#worker.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#worker.on('error', (error) => this.#end(this.#describe(error)))
    this.#worker.on('exit', () => this.#end('the evaluation was ended'))
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Resolves with an error when the thread had to be killed; rejects when aborted. */
  async evaluate(source: string, options: PoolOptions): Promise<Evaluation> {
    const { importFile, nativeFunctions = {}, trace, signal, ...program } = options
    const timeMs = program.limits?.timeMs
    const job: Job = { ...Promise.withResolvers<Evaluation>(), importFile, nativeFunctions, trace }
    const abort = (): void => {
      job.reject(signal?.reason)
      void this.kill()
    }
    const expire = (): void => {
      this.#end(`evaluation took longer than ${timeMs} ms`)
      void this.kill()
    }
    const timer = timeMs === undefined ? undefined : setTimeout(expire, timeMs + graceMs)
    signal?.addEventListener('abort', abort, { once: true })
    this.#job = job
    this.#worker.ref()
    const order: WorkOrder = {
      source,
      options: program,
      hasImports: importFile !== undefined,
      nativeFunctions: Object.fromEntries(
        Object.entries(nativeFunctions).map(([name, { parameters }]) => [name, parameters]),
      ),
    }
    this.#heartbeat.reset()
    this.#worker.postMessage(order)
    try {
      return await job.promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      this.#job = undefined
      this.#worker.unref()
    }
  }

  async kill(): Promise<void> {
    this.#isAlive = false
    await this.#worker.terminate()
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === 'trace') this.#job?.trace?.(message.line)
    else if (message.kind === 'result') this.#job?.resolve(toEvaluation(message.outcome))
    else void this.#answer(message)
  }

  async #answer(question: WorkerQuestion): Promise<void> {
    let answer: WorkerAnswer
    try {
      answer = await answerOf(question, this.#job)
    } catch (error) {
      answer = { refusal: error instanceof Error ? error.message : String(error) }
    }
    this.#worker.postMessage(answer)
    this.#heartbeat.wake()
  }

  #end(message: string): void {
    this.#isAlive = false
    this.#job?.resolve({ ok: false, error: this.#limitError(message) })
  }

  #describe(error: unknown): string {
    const { code, message } = error as { code?: string; message?: string }
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') return `evaluation needs more than ${this.#memoryMb} MB of memory`
    return `the evaluation broke down: ${message ?? String(error)}`
  }

  /** The place is where the program was seen last, which may be some calls ago. */
  #limitError(message: string): JsonnetError {
    const position = this.#heartbeat.read()
    const error: JsonnetError = { kind: 'limit', message, firstLine: `RUNTIME ERROR: ${message}`, trace: [], elided: 0 }
    return position === undefined ? error : { ...error, position }
  }
}

interface Job {
  promise: Promise<Evaluation>
  resolve: (evaluation: Evaluation) => void
  reject: (reason: unknown) => void
  importFile: PoolOptions['importFile']
  nativeFunctions: NonNullable<PoolOptions['nativeFunctions']>
  trace: PoolOptions['trace']
}

async function answerOf(question: WorkerQuestion, job: Job | undefined): Promise<WorkerAnswer> {
  if (question.kind === 'native') {
    const native = job?.nativeFunctions[question.name]
    return native === undefined ? { refusal: 'no such function' } : { value: await native.call(...question.args) }
  }
  const file = await job?.importFile?.(question.request)
  return file === undefined ? { refusal: 'imports are not available here' } : { file }
}

/** Beside this file as it was written, or as a bundle of its own beside the bundle that has this code. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './worker.ts' : './jsonnet-worker.js', import.meta.url)
}

function toEvaluation(outcome: WorkOutcome): Evaluation {
  if (!outcome.ok) return outcome
  const { text, positions } = outcome
  const value = JSON.parse(text) as JsonValue
  const evaluated: EvaluatedValue = { ok: true, text, value }
  if (positions !== undefined) evaluated.positionOf = positionsByPath(positions, value)
  return evaluated
}
