import type { Node } from 'yaml'
import type { DocumentPath } from './cursor.ts'
import type { DocumentSource } from './document-source.ts'
import { TextLines } from './text-lines.ts'
import { childOf, type YamlTree } from './yaml-text.ts'

/** A YAML text that was read: positions come from the nodes of its tree. */
export async function yamlSource(file: string, text: string, value: unknown, tree: YamlTree): Promise<DocumentSource> {
  const yaml = await import('yaml')
  let lines: TextLines | null = null

  function find(path: DocumentPath): { key: Node | null; value: Node | null; whole: boolean } {
    let found: { key: Node | null; value: Node | null } = { key: tree.root, value: tree.root }
    for (const key of path) {
      const child = found.value === null ? null : childOf(yaml, tree, found.value, key)
      if (child === null) return { ...found, whole: false }
      found = child
    }
    return { ...found, whole: true }
  }

  return {
    file,
    value,
    positionOf(path, part) {
      lines ??= new TextLines(text)
      const { key, value } = find(path)
      const node = part === 'key' ? (key ?? value) : (value ?? key)
      // `key:` without a value has a value of no length behind it: the key is where people look.
      const shown = node?.range != null && node.range[0] === node.range[1] && key !== null ? key : node
      return { file, ...lines.locate(shown?.range?.[0] ?? 0) }
    },
    writtenAt(path) {
      const { value, whole } = find(path)
      const target = yaml.isAlias(value) ? tree.targets.get(value) : value
      return whole && yaml.isScalar(target) ? (target.source ?? null) : null
    },
  }
}
