import { describe, expect, it } from 'vitest'
import { aRunService } from '../../support/a-run-service.ts'

const dayMs = 24 * 60 * 60 * 1000
const signal = new AbortController().signal

async function world() {
  const { objects, clock, runService } = await aRunService()
  const put = (...keys: string[]) => Promise.all(keys.map((key) => objects.put(key, Buffer.from('x'))))
  const left = async () => {
    const keys: string[] = []
    for await (const object of objects.list({ prefix: '', recursive: true }))
      if (!object.key.startsWith('rundata')) keys.push(object.key)
    return keys
  }
  const clean = () => runService.cleaner.step(signal)
  return { put, left, clean, wait: (days: number) => clock.advance(days * dayMs) }
}

describe('the cleaner', () => {
  it('deletes caches and workspaces after a week and logs after thirty days', async () => {
    const { put, left, clean, wait } = await world()
    await put(
      'caches/a.tar',
      'logs/t/data/setup.log',
      'logs/t/runs/r',
      'workspacearchives/t/data/0.tar',
      'workspacearchives/t/runs/r',
    )
    await wait(6)
    await clean()
    expect(await left()).toHaveLength(5)
    await put('caches/b.tar')
    await wait(2)
    await clean()
    expect(await left()).toEqual(['caches/b.tar', 'logs/t/data/setup.log', 'logs/t/runs/r'])
    await wait(23)
    await clean()
    expect(await left()).toEqual([])
  })

  it('keeps the data of a task as long as a younger run uses it', async () => {
    const { put, left, clean, wait } = await world()
    await put(
      'workspacearchives/shared/data/0.tar',
      'workspacearchives/shared/runs/old',
      'workspacearchives/other/data/0.tar',
    )
    await wait(5)
    await put('workspacearchives/shared/runs/young')
    await wait(5)
    await clean()
    expect(await left()).toEqual([
      'workspacearchives/shared/data/0.tar',
      'workspacearchives/shared/runs/old',
      'workspacearchives/shared/runs/young',
    ])
    await wait(5)
    await clean()
    expect(await left()).toEqual([])
  })
})
