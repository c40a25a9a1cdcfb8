import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DataManagerOptions } from '../../src/engine/datamanager/context.ts'
import type { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import { hasCode } from '../../src/engine/model/errors.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'
import { chunksOf, contentOf, exportOf, keysIn, put, remove, textOf } from '../support/a-data-manager.ts'
import { checkStores } from '../support/data-manager-invariants.ts'
import { dataManagerModel } from './data-manager-model.ts'

export interface DataManagerSubject {
  /** The stores as they are now. */
  readonly kv: KeyValueStore
  readonly objects: ObjectStorage
  /** A data manager as another process would have it. */
  open(changes?: Partial<DataManagerOptions>): Promise<DataManager>
  /** From here on the key-value store is another one, and empty. */
  loseKv(): Promise<void>
  pass(ms: number): Promise<void>
  destroy(): Promise<void>
}

const fileBytesMax = 10 * 1024

/** What must hold of a data manager over whatever stores (spec/storage.md 5, 7, 13.5). */
export function dataManagerContract(
  name: string,
  makeSubject: () => Promise<DataManagerSubject>,
  { modelRuns }: { modelRuns: number },
): void {
  describe(`a data manager on ${name}`, () => {
    let subject: DataManagerSubject
    beforeEach(async () => {
      subject = await makeSubject()
    })
    afterEach(() => subject.destroy())

    it('behaves like a plain map, whatever is done to it and in whatever order', () =>
      dataManagerModel(makeSubject, modelRuns))

    it('gives back at once what was written, in every process', async () => {
      const [one, other] = [await subject.open(), await subject.open()]
      await one.write([put('a', '1'), put('b', 'x'.repeat(300_000))])
      expect(await textOf(other, 'a')).toBe('1')
      expect(await textOf(other, 'b')).toHaveLength(300_000)
      await other.write([remove('a')])
      expect(await textOf(one, 'a')).toBeNull()
    })

    it('lets one of two writes with the same token win, and all writes of different groups', async () => {
      const managers = [await subject.open(), await subject.open(), await subject.open()]
      const [first] = managers
      const token = await first?.changeGroupToken(['g'])
      if (token === undefined) throw new Error('no token')
      const racing = managers.map((manager, at) => manager.write([put('g', `${at}`)], { changeGroups: token }))
      const results = await Promise.allSettled(racing)
      expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
      for (const result of results)
        if (result.status === 'rejected') expect(hasCode(result.reason, 'changeGroupUpdated')).toBe(true)
      let done = false
      const writes = Promise.all(
        managers.flatMap((manager, at) =>
          Array.from({ length: 10 }, async (_, index) => {
            const changeGroups = await manager.changeGroupToken([`group ${at}-${index}`])
            await manager.write([put(`${at}-${index}`, 'x')], { changeGroups })
          }),
        ),
      ).finally(() => {
        done = true
      })
      // Whoever loses a race pauses before it tries again.
      while (!done) {
        await subject.pass(10)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await writes
      expect((await first?.list('note'))?.length).toBe(31)
    })

    it('comes back from object storage alone, and starts a later epoch', async () => {
      const manager = await subject.open({ fileBytesMax })
      for (let count = 0; count < 5; count++) {
        await manager.write(Array.from({ length: 20 }, (_, at) => put(`n${count}-${at}`, 'x'.repeat(100 * at))))
        if (count === 2) await manager.checkpoint({ force: true })
      }
      await manager.sync()
      const [before, last] = [await contentOf(manager), await manager.lastWal()]
      await manager.write([put('late', 'never synced')])
      await manager.close()
      await subject.loseKv()
      await subject.pass(1000)
      const all = await Promise.all([subject.open({ fileBytesMax }), subject.open({ fileBytesMax })])
      for (const restored of all) {
        expect(await contentOf(restored)).toEqual(before)
        expect((await restored.lastWal()) > last).toBe(true)
      }
      await all[0]?.write([put('new', '1')])
      expect(await textOf(all[1] ?? manager, 'new')).toBe('1')
      await checkStores(subject, fileBytesMax)
      for (const restored of all) await restored.close()
    })

    it('refuses to come back when a wal in the middle is gone, and changes nothing', async () => {
      const manager = await subject.open()
      for (let count = 0; count < 4; count++) {
        await manager.write([put(`n${count}`, 'x')])
        await manager.sync()
      }
      await manager.close()
      const [, middle = ''] = await keysIn(subject, 'rundata/wals/status/')
      await subject.objects.delete(middle)
      const before = await keysIn(subject, '')
      await subject.loseKv()
      const wal = /([0-9a-v-]{27})\.committed/.exec(middle)?.[1] ?? 'none'
      await expect(subject.open()).rejects.toMatchObject({
        code: 'storeUnusable',
        message: expect.stringContaining(wal),
      })
      expect(await keysIn(subject, '')).toEqual(before)
      expect((await subject.kv.range({ prefix: 'datamanager/' })).entries).toEqual([])
    })

    it('takes an export over data that is there, and keeps that data when the export is cut off', async () => {
      const manager = await subject.open({ fileBytesMax })
      await manager.write(Array.from({ length: 60 }, (_, at) => put(`n${at}`, 'x'.repeat(400))))
      const whole = await exportOf(manager)
      await manager.write([put('n1', 'changed'), put('extra', 'x')])
      const before = await exportOf(manager)
      for (const cut of [0.3, 0.99]) {
        const part = whole.slice(0, Math.floor(whole.length * cut))
        await expect(manager.import(chunksOf(part))).rejects.toMatchObject({ code: 'importInvalid' })
        expect(await exportOf(manager)).toBe(before)
      }
      await manager.import(chunksOf(whole))
      expect(await exportOf(manager)).toBe(whole)
      await manager.close()
      await subject.loseKv()
      await subject.pass(1000)
      const restored = await subject.open({ fileBytesMax })
      expect(await exportOf(restored)).toBe(whole)
      await restored.close()
    })

    it('exports one moment, however much is written and cleaned meanwhile', async () => {
      const [writer, exporter] = [await subject.open({ fileBytesMax }), await subject.open({ fileBytesMax })]
      const ids = Array.from({ length: 100 }, (_, at) => `n${String(at).padStart(3, '0')}`)
      const round = (text: string) =>
        writer.write([...ids.map((id) => put(id, `${text} ${'x'.repeat(900)}`)), put('u', text, 'user')])
      await round('0')
      await writer.checkpoint({ force: true })
      await round('1')
      const moment = await exportOf(exporter)
      const chunks: Uint8Array[] = []
      for await (const chunk of exporter.export()) {
        chunks.push(chunk)
        if (chunks.length > 1) continue
        for (const text of ['2', '3', '4', '5']) {
          await round(text)
          await writer.write([remove('n050'), put(`new ${text}`, text)])
          await writer.checkpoint({ force: true })
          await writer.clean({ orphans: true })
          // What the exporter itself knows goes on meanwhile.
          expect(await textOf(exporter, `new ${text}`)).toBe(text)
        }
      }
      expect(chunks.length).toBeGreaterThan(1)
      expect(Buffer.concat(chunks).toString()).toBe(moment)
      expect(await exportOf(exporter)).not.toBe(moment)
      await writer.close()
    })
  })
}
