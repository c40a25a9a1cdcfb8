import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { createLog, systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'

export interface EmbeddedDataManager {
  manager: DataManager
  kv: KeyValueStore
  close(): Promise<void>
}

/** A data manager on SQLite and files below `directory`, as local runs have it. */
export async function openEmbedded(directory: string): Promise<EmbeddedDataManager> {
  const shared = { clock: systemClock, random: systemRandom }
  const kv = new SqliteKeyValueStore({ file: join(directory, 'kv.sqlite'), ...shared })
  const objects = await openPosixObjectStorage({ directory: join(directory, 'objects'), ...shared })
  const log = createLog('error', (line) => process.stderr.write(line))
  const limits = { fileBytesMax: 20_000, checkpointWalsMin: 5, walsKept: 3 }
  const dataTypes = [{ name: 'note' }]
  const manager = await DataManager.open({ kv, objects, basePath: 'rundata', dataTypes, log, ...limits, ...shared })
  const close = async (): Promise<void> => {
    await manager.close()
    await kv.close()
  }
  return { manager, kv, close }
}

/** Run as a program: writes for ever, says each id once its write was answered, and keeps house meanwhile. */
if (process.argv[1] === import.meta.filename) {
  const [, , directory = '', name = ''] = process.argv
  const { manager } = await openEmbedded(directory)
  // The clock's pauses keep no process alive: whoever waits for the work does.
  setInterval(() => undefined, 1000)
  for (let count = 0; ; count++) {
    const id = `${name}-${String(count).padStart(6, '0')}`
    await manager.write([{ type: 'put', dataType: 'note', id, data: Buffer.alloc(300, 'x') }])
    process.stdout.write(`${id}\n`)
    if (count % 7 === 0) await manager.maintenance.step()
    // Slow enough for the leader of the two to keep up with the other.
    await setTimeout(10)
  }
}
