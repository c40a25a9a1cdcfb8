import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openConnection } from './sqlite-connection.ts'
import { sqliteError } from './sqlite-error.ts'
import {
  type FromWorker,
  failed,
  type ToWorker,
  type WorkerSettings,
  type WriteBatch,
  type WriteReply,
} from './sqlite-request.ts'
import { SqliteWriter } from './sqlite-writer.ts'

/** Entry point of the thread that writes a SQLite store: whatever has arrived is committed together and answered after the commit. */

const busyMsMax = 30_000

function run(settings: WorkerSettings): void {
  const port = parentPort
  if (port === null) throw new Error('This file is the entry point of a worker thread.')
  const send = (message: FromWorker) => port.postMessage(message)
  const db = openConnection({ ...settings, busyMsMax })
  const writer = new SqliteWriter(db, settings)

  const applyAll = (batch: WriteBatch): WriteReply[] => {
    const replies: WriteReply[] = []
    while (replies.length < batch.requests.length) {
      const rest = batch.requests.slice(replies.length)
      try {
        replies.push(...writer.apply({ ...batch, requests: rest }))
      } catch (error) {
        const reply = failed(sqliteError(error, settings.file, 'write'))
        replies.push(...rest.map(() => reply))
      }
    }
    return replies
  }

  const commit = (messages: { id: number; batch: WriteBatch }[]) => {
    const first = messages[0]
    if (first === undefined) return
    const requests = messages.flatMap(({ batch }) => batch.requests)
    const replies = applyAll({ ...first.batch, requests })
    let start = 0
    for (const { id, batch } of messages) {
      send({ type: 'replies', id, replies: replies.slice(start, start + batch.requests.length) })
      start += batch.requests.length
    }
  }

  port.on('message', (message: ToWorker) => {
    const batches: { id: number; batch: WriteBatch }[] = []
    let next: ToWorker | undefined = message
    while (next?.type === 'batch') {
      batches.push(next)
      next = receiveMessageOnPort(port)?.message
    }
    commit(batches)
    if (next?.type !== 'close') return
    db.close()
    port.close()
  })
  send({ type: 'ready' })
}

run(workerData)
