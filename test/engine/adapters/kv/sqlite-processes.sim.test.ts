import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SqliteKeyValueStore } from '../../../../src/engine/adapters/kv/sqlite.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import type { WatchEvent } from '../../../../src/engine/ports/key-value-store.ts'
import { complaintAbout, type KvOperation } from '../../../support/kv-history.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

/** Several processes on one file, killed at random moments. */

const script = fileURLToPath(new URL('../../../support/kv-history-client.ts', import.meta.url))
/** 100 in the long job. */
const rounds = Number(process.env.AGOLA_KILL_ROUNDS ?? 5)

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-processes-'))
  file = join(directory, 'store.db')
})
afterEach(() => rm(directory, { recursive: true }))

interface Client {
  child: ChildProcess
  ended: Promise<unknown>
  errors: () => string
}

/** Adds what the client tells to `history`; kills it after `linesMax` lines. */
function startClient(history: KvOperation[], seed: number, count: number, linesMax = Number.POSITIVE_INFINITY): Client {
  const thread = ['main', 'worker', 'auto'][seed % 3] ?? 'auto'
  const child = spawn(process.execPath, [script, file, String(seed), String(count), thread])
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const operations = new Map<number, KvOperation>()
  let lines = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, phase, start, end, input, output, revision } = JSON.parse(line)
    if (phase === 'start') {
      const operation: KvOperation = {
        start,
        end: Number.POSITIVE_INFINITY,
        input,
        output: undefined,
        revision: undefined,
      }
      operations.set(id, operation)
      history.push(operation)
    } else Object.assign(operations.get(id) ?? {}, { end, output, revision: BigInt(revision) })
    if (++lines === linesMax) child.kill('SIGKILL')
  })
  return { child, ended: once(child, 'close'), errors: () => errors }
}

test(`whatever is killed, acknowledged writes stay and all clients agree (${rounds} rounds)`, async () => {
  const random = new SeededRandom(20_261)
  for (let round = 1; round <= rounds; round++) {
    const history: KvOperation[] = []
    const victims = [1, 2].map((one) => startClient(history, round * 10 + one, 10_000, 2 + random.below(60)))
    const survivor = startClient(history, round * 10 + 3, 30)
    await Promise.all([...victims, survivor].map(({ ended }) => ended))
    expect(survivor.errors()).toBe('')
    expect(victims.map(({ child }) => child.signalCode)).toEqual(['SIGKILL', 'SIGKILL'])
    // The last reader sees what the dead have left.
    const last = startClient(history, round * 10 + 4, 5)
    await last.ended
    expect(complaintAbout(history), `round ${round}`).toBeNull()
    const db = new DatabaseSync(file)
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
    await rm(directory, { recursive: true })
    directory = await mkdtemp(join(tmpdir(), 'agola-processes-'))
    file = join(directory, 'store.db')
  }
})

test('a watcher in one process sees the exact history that others write', async () => {
  const store = new SqliteKeyValueStore({ file, clock: systemClock, random: systemRandom })
  const { revision: first } = await store.status()
  const events: WatchEvent[] = []
  const stop = new AbortController()
  const watching = (async () => {
    for await (const batch of store.watch({ prefix: '', from: first + 1n }, { signal: stop.signal })) {
      events.push(...batch.events)
      if (events.some((event) => event.type === 'put' && event.entry.key === 'end')) return
    }
  })()
  const clients = [1, 2, 3].map((seed) => startClient([], seed, 50))
  await Promise.all(clients.map(({ ended }) => ended))
  expect(clients.map(({ errors }) => errors())).toEqual(['', '', ''])
  const { revision: last } = await store.txn({ then: [{ type: 'put', key: 'end', value: new Uint8Array() }] })
  await watching
  const revisions = events.map((event) => (event.type === 'put' ? event.entry.modRevision : event.modRevision))
  expect([...new Set(revisions)]).toEqual(
    Array.from({ length: Number(last - first) }, (_, index) => first + 1n + BigInt(index)),
  )
  await store.close()
})

test('an open, idle store keeps no process alive', async () => {
  const source = fileURLToPath(new URL('../../../../src/engine/adapters', import.meta.url))
  const program = `
    import { SqliteKeyValueStore } from '${source}/kv/sqlite.ts'
    import { systemClock, systemRandom } from '${source}/system.ts'
    const store = new SqliteKeyValueStore({ file: process.argv[1], clock: systemClock, random: systemRandom, thread: 'worker' })
    const lease = await store.lease(60_000)
    await store.txn({ then: [{ type: 'put', key: 'a', value: new Uint8Array(), lease: lease.id }] })
    const watch = store.watch({ prefix: '' })[Symbol.asyncIterator]()
    await watch.next()
    watch.next()
    console.log('done')`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program, file])
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  expect(output).toBe('done\n')
  expect(child.exitCode).toBe(0)
})
