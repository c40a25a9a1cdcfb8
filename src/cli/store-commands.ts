import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LocalStore } from '../engine/local-store.ts'
import { AgolaError, messageOf } from '../engine/model/errors.ts'
import { exitCodes } from './exit-code.ts'
import { flagNotWritable } from './flag-not-writable.ts'
import { Output } from './output.ts'

export interface StoreFlags {
  /** undefined: the store of the repository around the working directory. */
  store: string | undefined
}

export async function enableMaintenance(flags: StoreFlags): Promise<void> {
  await withStore(flags, async ({ maintenance }, stdout) => {
    const isNew = await maintenance.enable()
    const { activeRuns } = await maintenance.status()
    const still =
      activeRuns === 0 ? '' : `, ${activeRuns} active ${activeRuns === 1 ? 'run goes' : 'runs go'} on to the end`
    await stdout.write(`maintenance ${isNew ? 'is' : 'was already'} enabled: no new runs are taken${still}\n`)
  })
}

export async function disableMaintenance(flags: StoreFlags): Promise<void> {
  await withStore(flags, async ({ maintenance }, stdout) => {
    const wasEnabled = await maintenance.disable()
    await stdout.write(wasEnabled ? 'maintenance is disabled: new runs are taken\n' : 'maintenance was not enabled\n')
  })
}

export async function showMaintenance({ output, ...flags }: StoreFlags & { output: 'text' | 'json' }): Promise<void> {
  await withStore(flags, async ({ maintenance, directory }, stdout) => {
    const { since, activeRuns } = await maintenance.status()
    const time = since === null ? null : new Date(since).toISOString()
    const json = { store: directory, enabled: since !== null, since: time, active_runs: activeRuns }
    const state = time === null ? 'disabled' : `enabled since ${time}`
    const text = `maintenance is ${state}, ${activeRuns} active ${activeRuns === 1 ? 'run' : 'runs'}\n`
    await stdout.write(output === 'json' ? `${JSON.stringify(json)}\n` : text)
  })
}

/** Writes all runs that are over; a file appears whole or not at all. Gives the exit code. */
export async function exportStore({ out, ...flags }: StoreFlags & { out: string }): Promise<number> {
  return await withStore(flags, async (store, stdout) => {
    if (out !== '-') {
      await writeWhole(out, store.export())
      return exitCodes.success
    }
    for await (const chunk of store.export()) {
      await stdout.write(chunk)
      if (stdout.isClosed) return exitCodes.infrastructure
    }
    return exitCodes.success
  })
}

export async function importStore({ in: source, ...flags }: StoreFlags & { in: string }): Promise<void> {
  await withStore(flags, async (store, stdout) => {
    const runs = await store.import(readInput(source))
    await stdout.write(
      `imported ${runs} ${runs === 1 ? 'run' : 'runs'}: agola maintenance disable takes new ones again\n`,
    )
  })
}

async function* readInput(source: string): AsyncGenerator<Uint8Array> {
  try {
    const chunks = source === '-' ? process.stdin : createReadStream(source)
    for await (const chunk of chunks) yield chunk
  } catch (error) {
    throw new AgolaError('importInvalid', `${source} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function writeWhole(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = `${path}.partial`
  try {
    await pipeline(
      Readable.from(chunks, { objectMode: false }),
      createWriteStream(partial, { mode: 0o600, flush: true }),
    )
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    if (error instanceof AgolaError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new AgolaError('flagInvalid', `--out ${path} cannot be written: ${dirname(path)} does not exist`)
    throw flagNotWritable('out', path, error)
  }
}

async function withStore<T>(
  { store }: StoreFlags,
  work: (store: LocalStore, stdout: Output) => Promise<T>,
): Promise<T> {
  const opened = await LocalStore.open({ directory: process.cwd(), environment: process.env, store })
  const stdout = new Output(process.stdout, () => undefined)
  try {
    return await work(opened, stdout)
  } finally {
    await opened.close()
    await stdout.flush()
  }
}
