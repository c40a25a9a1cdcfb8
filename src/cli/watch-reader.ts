import type { WASI } from 'node:wasi'

/** Our types know it without its values. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } }

const lookMs = 200

/** Places in the memory that a question is asked in, in bytes. */
const [questionsAt, answersAt, countAt] = [0, 256, 512]
const [questionBytes, answerBytes] = [48, 32]
const [clockEvent, writeEvent] = [0, 2]
const hungUp = 1
/** Enough for the engine to look at the descriptor; a healthy one answers sooner. */
const patienceNs = 1_000_000n

/** Calls `onGone` once nobody can read any more what is written to this pipe or socket, though nothing is written. Where that cannot be
 *  known (files, terminals, Windows) it never does. Node has no poll(2) of its own, but its WASI has one. */
export function watchReader(descriptor: number, onGone: () => void): { end: () => void } {
  const look = poller(descriptor)
  const timer = setInterval(() => {
    const state = look()
    if (state !== 'there') clearInterval(timer)
    if (state === 'gone') onGone()
  }, lookMs)
  return { end: () => clearInterval(timer) }
}

function poller(descriptor: number): () => 'there' | 'gone' | 'unknown' {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const wasi = openWasi(descriptor)
  // It wants nothing of a program but its memory.
  wasi.initialize({ exports: { memory } })
  const poll = wasi.wasiImport.poll_oneoff as (questions: number, answers: number, count: number, at: number) => number
  const view = new DataView(memory.buffer)
  return () => {
    ask(view)
    if (poll(questionsAt, answersAt, 2, countAt) !== 0) return 'unknown'
    const count = view.getUint32(countAt, true)
    const answers = Array.from({ length: count }, (_, index) => answersAt + index * answerBytes)
    const answer = answers.find((at) => view.getUint8(at + 10) === writeEvent)
    if (answer === undefined) return 'there'
    const hasFailed = view.getUint16(answer + 8, true) !== 0
    return hasFailed || (view.getUint16(answer + 24, true) & hungUp) !== 0 ? 'gone' : 'there'
  }
}

/** Whether the descriptor can be written to, or what the clock says in a moment: a full pipe must not hold us. */
function ask(view: DataView): void {
  const clock = questionsAt + questionBytes
  view.setUint8(questionsAt + 8, writeEvent)
  view.setUint32(questionsAt + 16, 1, true)
  view.setUint8(clock + 8, clockEvent)
  view.setUint32(clock + 16, 1, true)
  view.setBigUint64(clock + 24, patienceNs, true)
}

/** With the descriptor as its standard output. It is marked as experimental, which is nothing to tell a person. */
function openWasi(descriptor: number): WASI {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    const { WASI: Wasi } = process.getBuiltinModule('node:wasi')
    return new Wasi({ version: 'preview1', stdout: descriptor })
  } finally {
    process.emitWarning = emitWarning
  }
}
