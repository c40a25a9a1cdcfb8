import { describe, expect, it } from 'vitest'
import { readTreeFile, resolveImport, TreePathError } from '../../../src/engine/config/tree-path.ts'
import { aTree } from './a-tree.ts'

describe('an import', () => {
  it.each([
    ['.agola/config.jsonnet', 'lib.libsonnet', '.agola/lib.libsonnet'],
    ['.agola/config.jsonnet', './lib.libsonnet', '.agola/lib.libsonnet'],
    ['.agola/config.jsonnet', 'lib//a/./b/', '.agola/lib/a/b'],
    ['.agola/lib/a.jsonnet', '../../x', 'x'],
    ['.agola/lib/a.jsonnet', 'b/../c', '.agola/lib/c'],
    ['config.jsonnet', 'dir/a:b', 'dir/a:b'],
  ])('of %s that names %s is the file %s', (from, path, file) => {
    expect(resolveImport(from, path)).toBe(file)
  })

  it.each(['', '/x', 'C:x', 'a\\b', '../../x', '..', '.'].map((path) => [path]))('that names %j is refused', (path) => {
    expect(() => resolveImport(path === '.' ? 'config.jsonnet' : '.agola/config.jsonnet', path)).toThrow(TreePathError)
  })
})

describe('a file of the tree', () => {
  const chain = (links: number) =>
    Object.fromEntries([
      ...Array.from({ length: links }, (_, index): [string, string] => [`l${index}`, `-> ./l${index + 1}`]),
      [`l${links}`, 'text'],
    ])

  it('is found behind forty links, and not behind more', async () => {
    expect((await readTreeFile(aTree(chain(40)), 'l0'))?.path).toBe('l40')
    await expect(readTreeFile(aTree(chain(41)), 'l0')).rejects.toThrow('l0 leads through too many links')
  })

  it('that is not there is none', async () => {
    expect(await readTreeFile(aTree({}), 'a')).toBeNull()
    expect(await readTreeFile({ readFile: async () => null }, 'a')).toBeNull()
  })
})
