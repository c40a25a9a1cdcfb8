import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { evaluateToText } from './evaluate.ts'
import type { EvaluateOptions, ImportedFile, ImportRequest, NativeFunction } from './evaluation.ts'
import { Heartbeat } from './heartbeat.ts'
import { MemoryGuard } from './memory-guard.ts'
import { toPositionTable } from './positions.ts'
import type { Place } from './source.ts'
import type {
  WorkerAnswer,
  WorkerMessage,
  WorkerQuestion,
  WorkerSetup,
  WorkOrder,
  WorkOutcome,
} from './worker-messages.ts'

/** The thread in which programs of other people are evaluated. It may be killed at any moment. */
function serve(port: MessagePort, heartbeat: Heartbeat, memory: MemoryGuard): void {
  const send = (message: WorkerMessage): void => port.postMessage(message)

  const ask = (question: WorkerQuestion): Exclude<WorkerAnswer, { refusal: string }> => {
    send(question)
    heartbeat.sleep()
    const answer = receiveMessageOnPort(port)?.message as WorkerAnswer | undefined
    if (answer === undefined) throw new Error('no answer')
    if ('refusal' in answer) throw new Error(answer.refusal)
    return answer
  }

  const importFile = (request: ImportRequest): ImportedFile => {
    const answer = ask({ kind: 'import', request })
    return 'file' in answer ? answer.file : unanswered()
  }

  const nativeFunction = (name: string, parameters: readonly string[]): NativeFunction => ({
    parameters,
    call: (...args) => {
      const answer = ask({ kind: 'native', name, args })
      return 'value' in answer ? answer.value : unanswered()
    },
  })

  const watch = (place: Place): void => {
    heartbeat.write(place)
    memory.check()
  }

  port.on('message', (order: WorkOrder) => {
    heartbeat.reset()
    const nativeFunctions = Object.fromEntries(
      Object.entries(order.nativeFunctions).map(([name, parameters]) => [name, nativeFunction(name, parameters)]),
    )
    const trace = (line: string): void => send({ kind: 'trace', line })
    const options: EvaluateOptions = { ...order.options, nativeFunctions, trace }
    if (order.hasImports) options.importFile = importFile
    send({ kind: 'result', outcome: work(order.source, options, watch) })
  })
}

function unanswered(): never {
  throw new Error('the answer is not to the question')
}

function work(source: string, options: EvaluateOptions, watch: (place: Place) => void): WorkOutcome {
  const outcome = evaluateToText(source, options, watch)
  if (!outcome.ok) return outcome
  const { text, places } = outcome
  return { ok: true, text, positions: places === undefined ? undefined : toPositionTable(places) }
}

const { memory, memoryMb } = workerData as WorkerSetup
if (parentPort !== null) serve(parentPort, new Heartbeat(memory), new MemoryGuard(memoryMb))
