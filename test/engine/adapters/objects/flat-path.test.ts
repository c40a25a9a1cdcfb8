import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkOfFile, chunkOfFolder, flatPathOf } from '../../../../src/engine/adapters/objects/flat-path.ts'

function keyOf(path: string): string {
  const names = path.split('/')
  const file = names.pop() ?? ''
  return [...names.map(chunkOfFolder), chunkOfFile(file)].join('')
}

describe('paths of a flat store', () => {
  it.each([
    ['/', '%2F'],
    ['☺☺☺☺☺☺☺☺', '☺☺☺☺☺☺☺☺.f'],
    ['s3/is/not/a/file', 's3%2Fis%2Fno/t%2Fa%2Ffile.f'],
    ['s3/is/nota/fil.f', 's3%2Fis%2Fno/ta%2Ffil.f.f'],
    ['s3/is/nota/fil.fa', 's3%2Fis%2Fno/ta%2Ffil.f/a'],
    ['s3/is/not/a/file///system/file01/a', 's3%2Fis%2Fno/t%2Fa%2Ffile/%2F%2F%2Fsyste/m%2Ffile01/%2Fa'],
    ['%2F', '%252F'],
    ['12345678..', '12345678/%2E%2E'],
    ['12345678.', '12345678/%2E'],
  ])('stores %j as %j and finds it back', (key, path) => {
    expect(flatPathOf(key)).toBe(path)
    expect(keyOf(path)).toBe(key)
  })

  it('gives every key a path of its own, none of them the folder of another', () => {
    const characters = fc.constantFrom(...'abf./%2F☺E')
    const key = fc.string({ unit: characters, minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(keyOf(flatPathOf(a))).toBe(a)
        if (a === b) return
        expect(flatPathOf(a)).not.toBe(flatPathOf(b))
        expect(flatPathOf(a).startsWith(`${flatPathOf(b)}/`)).toBe(false)
      }),
    )
  })

  it('takes no name for a key that it did not make', () => {
    expect(chunkOfFolder('short')).toBeNull()
    expect(chunkOfFolder('%2G345678')).toBeNull()
    expect(chunkOfFile('ninechars')).toBeNull()
    expect(chunkOfFile('%')).toBeNull()
    expect(chunkOfFile('.f')).toBe('.f')
  })
})
