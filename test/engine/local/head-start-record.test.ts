import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HeadStartRecord, readHeadStart, writeHeadStart } from '../../../src/engine/local/head-start-record.ts'

const record: HeadStartRecord = {
  repoUuid: 'a',
  request: {
    arch: '',
    containers: [{ image: 'i', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }],
    labels: { 'agola.io/run': 'a/2' },
    opening: { script: 'true', parameters: ['~/project'] },
  },
}

describe('the record of a head start', () => {
  let state: string
  let config: string
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'agola-head-start-'))
    config = join(state, 'config.json')
    await writeFile(config, '{}')
  })
  afterEach(() => rm(state, { recursive: true }))
  const write = (key: unknown) => writeHeadStart(state, key, record, config)

  it('is read as it was written, by its key', async () => {
    expect(await readHeadStart(state, ['/a', {}])).toBeNull()
    await write(['/a', {}])
    expect(await readHeadStart(state, ['/a', {}])).toEqual(record)
    expect(await readHeadStart(state, ['/b', {}])).toBeNull()
  })

  it('is of no use once the config has changed, or is gone', async () => {
    await write('a')
    await utimes(config, 1, 1)
    expect(await readHeadStart(state, 'a')).toBeNull()
    await write('a')
    await rm(config)
    expect(await readHeadStart(state, 'a')).toBeNull()
  })

  it.each(['', '{"repoUuid":"a","requ', 'null', '{}', '{"config":null}'])(
    'counts as missing when it is %j',
    async (text) => {
      await write('a')
      const directory = join(state, 'head-starts')
      for (const name of await readdir(directory)) await writeFile(join(directory, name), text)
      expect(await readHeadStart(state, 'a')).toBeNull()
    },
  )

  it('goes when a hundred newer ones are known', async () => {
    const directory = join(state, 'head-starts')
    await mkdir(directory)
    for (let index = 0; index < 100; index++) {
      await writeFile(join(directory, `${index}.json`), '')
      await utimes(join(directory, `${index}.json`), 1000 + index, 1000 + index)
    }
    await write('a')
    const names = await readdir(directory)
    expect(names).toHaveLength(100)
    expect(names).not.toContain('0.json')
    expect(await readHeadStart(state, 'a')).toEqual(record)
  })
})
