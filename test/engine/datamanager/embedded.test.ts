import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { put } from '../../support/a-data-manager.ts'
import { openEmbedded } from '../../support/data-manager-process.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

describe('a data manager on SQLite and files', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'agola-datamanager-'))
  })

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  async function idsIn(): Promise<string[]> {
    const { manager, close } = await openEmbedded(directory)
    const ids = (await manager.list('note')).map(({ id }) => id)
    await close()
    return ids
  }

  it('keeps what was written, and comes back from files alone', async () => {
    const { manager, close } = await openEmbedded(directory)
    for (let count = 0; count < 30; count++) await manager.write([put(`n${count}`, 'x'.repeat(2000))])
    await manager.maintenance.step()
    await manager.write([put('fresh', 'y')], { durability: 'storage' })
    await close()
    const before = await idsIn()
    expect(before).toHaveLength(31)
    for (const file of await readdir(directory)) if (file.startsWith('kv.sqlite')) await rm(join(directory, file))
    expect(await idsIn()).toEqual(before)
  })

  it('loses no answered write to kill -9, with two processes writing', { timeout: 120_000 }, async () => {
    const random = new SeededRandom(5)
    const answered: string[] = []
    for (let round = 0; round < 5; round++) {
      const children = ['a', 'b'].map((name) => startWriter(directory, `${name}${round}`))
      const enough = 5 + random.below(60)
      await children[random.below(2)]?.answers(enough)
      for (const child of children) answered.push(...(await child.kill()))
    }
    const ids = new Set(await idsIn())
    expect(answered.filter((id) => !ids.has(id))).toEqual([])
    expect(answered.length).toBeGreaterThan(25)
    expect(await readdir(join(directory, 'objects/data/rundata/data/note'))).not.toEqual([])
  })
})

interface WriterProcess {
  /** Resolves when so many writes were answered. */
  answers(count: number): Promise<void>
  /** Kills it and gives the ids of all answered writes. */
  kill(): Promise<string[]>
}

function startWriter(directory: string, name: string): WriterProcess {
  const program = resolve(import.meta.dirname, '../../support/data-manager-process.ts')
  const child = spawn(process.execPath, ['--no-warnings', program, directory, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const answered = (): string[] => output.split('\n').slice(0, -1)
  return {
    async answers(count) {
      while (answered().length < count) {
        const ended = closed.then(() => Promise.reject(new Error('the writer ended by itself')))
        await Promise.race([once(child.stdout, 'data'), ended])
      }
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
      return answered()
    },
  }
}
