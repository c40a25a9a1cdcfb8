import type { Alias, CST, Document, Node, Pair, YAMLMap, YAMLSeq, YAMLWarning } from 'yaml'
import { AgolaError } from '../model/errors.ts'
import { duplicateHint } from './json-text.ts'
import { explainSyntax } from './yaml-syntax.ts'
import { configTags, isConfigTag } from './yaml-tags.ts'
import { readTokens } from './yaml-tokens.ts'

/** Why a text is no YAML, or no YAML that a config may be. */
export interface YamlProblem {
  code:
    | 'syntax'
    | 'duplicate_key'
    | 'unknown_tag'
    | 'alias_bomb'
    | 'too_deep'
    | 'several_documents'
    | 'converted_to_string'
  /** The document is read all the same. */
  isWarning?: true
  message: string
  hint?: string | null
  /** In units of UTF-16. */
  offset: number
}

export interface ParsedYaml {
  /** undefined when a problem was found that leaves no document. */
  value: unknown
  problems: YamlProblem[]
  tree: YamlTree
}

/** The nodes behind a value, for looking up where it came from. */
export interface YamlTree {
  root: Node | null
  targets: ReadonlyMap<Alias, Node>
}

type Yaml = typeof import('yaml')

/** Values that all aliases together may stand for. */
const nodesMax = 400_000
const depthMax = 100

/** YAML 1.1 with merge keys, as the reference reads it, but with unique keys (spec/config.md 5). Never throws. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const yaml = await import('yaml')
  try {
    const { tokens, nextDocument, tooDeep, isMisnested, openQuotes } = readTokens(yaml, text, depthMax)
    if (tooDeep !== null && !isMisnested) return refuse(tooDeepAt(tooDeep))
    const document = composeDocument(yaml, tokens.filter(isNotVersion), text)
    const unknownDirectives = document.warnings.filter(({ code }) => code === 'BAD_DIRECTIVE')
    const errors = [...document.errors, ...unknownDirectives]
    if (tooDeep !== null && errors.length === 0) return refuse(tooDeepAt(tooDeep))
    const problems: YamlProblem[] = [
      ...(nextDocument === null ? [] : [severalDocuments(nextDocument)]),
      ...tokens.flatMap(versionProblem),
      ...explainSyntax(errors, text, openQuotes).map((found) => ({ code: 'syntax' as const, ...found })),
      ...document.warnings.flatMap((warning) => tagProblem(warning, text)),
    ]
    return convert(yaml, document, problems)
  } catch (error) {
    if (error instanceof AliasBomb) return refuse({ code: 'alias_bomb', message: error.message, offset: error.offset })
    if (!(error instanceof RangeError)) throw error
    return refuse(tooDeepAt(0))
  }
}

const tooDeepMessage = `lists and objects nest more than ${depthMax} deep`

function tooDeepAt(offset: number): YamlProblem {
  return { code: 'too_deep', message: tooDeepMessage, offset }
}

function refuse(problem: YamlProblem): ParsedYaml {
  return { value: undefined, problems: [problem], tree: { root: null, targets: new Map() } }
}

function composeDocument(yaml: Yaml, tokens: readonly CST.Token[], text: string): Document.Parsed {
  const composer = new yaml.Composer({
    version: '1.1',
    merge: true,
    // The library compares every key with every other one; the conversion below finds duplicates in one pass.
    uniqueKeys: false,
    logLevel: 'error',
    customTags: configTags,
  })
  const [document] = composer.compose(tokens, true, text.length)
  if (document === undefined) throw new AgolaError('assertionFailed', 'a YAML text gave no document')
  return document
}

function severalDocuments(offset: number): YamlProblem {
  return {
    code: 'several_documents',
    isWarning: true,
    message: 'only the first document of the file is read',
    hint: 'write all runs into one document',
    offset,
  }
}

const versionPattern = /^%YAML[ \t]+(\S*)/

/** The composer would switch to the dialect that the file asks for. */
function isNotVersion(token: CST.Token): boolean {
  return token.type !== 'directive' || !versionPattern.test(token.source)
}

function versionProblem(token: CST.Token): YamlProblem[] {
  const version = token.type === 'directive' ? versionPattern.exec(token.source)?.[1] : undefined
  if (token.type !== 'directive' || version === undefined || version === '1.1') return []
  const message = `the file is for YAML ${version}, but configs are read as YAML 1.1`
  return [{ code: 'syntax', message, hint: 'leave the %YAML line out', offset: token.offset }]
}

/** The reference drops tags that it does not know, but gives those of the standard a meaning. */
function tagProblem({ code, message, pos }: YAMLWarning, text: string): YamlProblem[] {
  if (code !== 'TAG_RESOLVE_FAILED' && code !== 'BAD_COLLECTION_TYPE') return []
  const tag = text.slice(pos[0], pos[1]).trim()
  const problem = { code: 'unknown_tag' as const, hint: 'leave the tag out', offset: pos[0] }
  const [standard] = /tag:yaml\.org,2002:\w+/.exec(message) ?? []
  if (standard === undefined)
    return [{ ...problem, isWarning: true, message: `the tag ${tag} has no meaning here and is ignored` }]
  return [
    { ...problem, message: `the tag ${tag} ${isConfigTag(standard) ? 'does not fit its value' : 'is not supported'}` },
  ]
}

function convert(yaml: Yaml, document: Document.Parsed, found: readonly YamlProblem[]): ParsedYaml {
  const conversion = new YamlConversion(yaml)
  const value = document.errors.length > 0 ? undefined : conversion.document(document.contents)
  const problems = [...found, ...conversion.problems]
  const tree = { root: document.contents, targets: conversion.targets }
  return { value: problems.some(isFatal) ? undefined : value, problems, tree }
}

function isFatal({ code }: YamlProblem): boolean {
  return code === 'syntax' || code === 'too_deep' || code === 'alias_bomb'
}

interface Converted {
  value: unknown
  /** Nodes in it once all aliases are followed. */
  size: number
  depth: number
}

/** Ends a conversion at the alias that is one too many. */
class AliasBomb extends Error {
  readonly offset: number
  constructor(offset: number) {
    super(`the aliases expand to more than ${nodesMax} values`)
    this.offset = offset
  }
}

class YamlConversion {
  readonly problems: YamlProblem[] = []
  readonly targets = new Map<Alias, Node>()
  readonly #yaml: Yaml
  readonly #anchors = new Map<string, Node>()
  /** Values that aliases stood for so far, those inside them included. */
  #expanded = 0
  /** What an anchored node became; undefined while that is still being found out. */
  readonly #anchored = new Map<Node, Converted | undefined>()

  constructor(yaml: Yaml) {
    this.#yaml = yaml
  }

  document(root: Node | null): unknown {
    const { value, depth } = this.#convert(root, 0)
    if (depth > depthMax && this.problems.length === 0) this.#report('too_deep', tooDeepMessage, root)
    return value
  }

  #convert(node: Node | null, level: number): Converted {
    if (node === null) return { value: null, size: 1, depth: 0 }
    if (level > depthMax) return this.#refuse('too_deep', tooDeepMessage, node)
    if (this.#yaml.isAlias(node)) return this.#alias(node)
    const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : null
    if (anchor !== null) {
      // The library takes what looks like a name with a sign in it, as in `&& make`; the reference does not.
      if (!/^[\w-]+$/.test(anchor))
        this.#report('syntax', 'text cannot start with & unless it is in quotes', node, 'put the whole text in quotes')
      this.#anchors.set(anchor, node)
      this.#anchored.set(node, undefined)
    }
    const converted = this.#bare(node, level)
    if (anchor !== null) this.#anchored.set(node, converted)
    return converted
  }

  #bare(node: Node, level: number): Converted {
    if (this.#yaml.isMap(node)) return this.#map(node, level)
    if (this.#yaml.isSeq(node)) return this.#sequence(node, level)
    return { value: this.#yaml.isScalar(node) ? node.value : null, size: 1, depth: 0 }
  }

  #alias(alias: Alias): Converted {
    const target = this.#anchors.get(alias.source)
    if (target === undefined)
      return this.#refuse(
        'syntax',
        `there is no anchor "${alias.source}" before this alias`,
        alias,
        'text that starts with * needs quotes',
      )
    this.targets.set(alias, target)
    const converted = this.#anchored.get(target)
    this.#expanded += converted?.size ?? 0
    if (this.#expanded > nodesMax) throw new AliasBomb(alias.range?.[0] ?? 0)
    return converted ?? this.#refuse('syntax', `the anchor "${alias.source}" contains itself`, alias)
  }

  #sequence(node: YAMLSeq, level: number): Converted {
    const items = node.items.map((item) => this.#convert(this.#node(item), level + 1))
    return { value: items.map((item) => item.value), ...total(items) }
  }

  #map(node: YAMLMap, level: number): Converted {
    const own = new Map<string, unknown>()
    const merged: Record<string, unknown>[] = []
    const parts: Converted[] = []
    for (const pair of node.items) {
      const converted = this.#convert(this.#node(pair.value), level + 1)
      parts.push(converted)
      if (isMergeKey(this.#yaml, pair)) merged.push(...this.#mergeSources(converted.value, pair))
      else this.#setOwn(own, pair, converted.value)
    }
    const entries = merged.reverse().flatMap((source) => Object.entries(source))
    // Later entries win: of the merged objects the first one, and own keys over all.
    return { value: Object.fromEntries([...entries, ...own]), ...total(parts) }
  }

  #mergeSources(value: unknown, pair: Pair): Record<string, unknown>[] {
    const sources: unknown[] = Array.isArray(value) ? value : [value]
    return sources.flatMap((source) => {
      if (typeof source === 'object' && source !== null && !Array.isArray(source)) return [{ ...source }]
      this.#report('syntax', '<< takes an object or a list of objects', this.#node(pair.key))
      return []
    })
  }

  #setOwn(own: Map<string, unknown>, pair: Pair, value: unknown): void {
    const node = this.#node(pair.key)
    const key = keyText(this.#yaml, node, this.targets.get.bind(this.targets))
    if (key === null) this.#report('syntax', 'a key must be text', node, 'put the key in quotes')
    else {
      if (own.has(key))
        this.#report('duplicate_key', `the key ${JSON.stringify(key)} is given twice`, node, duplicateHint)
      own.set(key, value)
    }
    const written = this.#yaml.isScalar(node) && typeof node.value === 'boolean' ? node.source : undefined
    if (written !== undefined && written !== key) {
      this.#report(
        'converted_to_string',
        `the key ${written} is read as the text "${key}"`,
        node,
        'put the key in quotes',
      )
    }
  }

  #node(value: unknown): Node | null {
    return this.#yaml.isNode(value) ? value : null
  }

  #refuse(code: YamlProblem['code'], message: string, node: Node, hint: string | null = null): Converted {
    this.#report(code, message, node, hint)
    return { value: null, size: 1, depth: 0 }
  }

  #report(code: YamlProblem['code'], message: string, node: Node | null, hint: string | null = null): void {
    this.problems.push({
      code,
      message,
      hint,
      offset: node?.range?.[0] ?? 0,
      ...(code === 'converted_to_string' ? { isWarning: true } : {}),
    })
  }
}

function total(parts: readonly Converted[]): { size: number; depth: number } {
  let size = 1
  let depth = 0
  for (const part of parts) {
    size += part.size
    depth = Math.max(depth, part.depth + 1)
  }
  return { size, depth }
}

function isMergeKey(yaml: Yaml, pair: Pair): boolean {
  return yaml.isScalar(pair.key) && typeof pair.key.value === 'symbol'
}

function keyText(yaml: Yaml, node: Node | null, targetOf: (alias: Alias) => Node | undefined): string | null {
  if (yaml.isAlias(node)) return keyText(yaml, targetOf(node) ?? null, targetOf)
  if (!yaml.isScalar(node)) return null
  const { value, source } = node
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return source ?? String(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

/** The pair or item below `node` that a key of the path names; merged keys are found in their source. */
export function childOf(
  yaml: Yaml,
  tree: YamlTree,
  node: Node,
  key: string | number,
): { key: Node; value: Node | null } | null {
  const at = yaml.isAlias(node) ? (tree.targets.get(node) ?? node) : node
  if (yaml.isSeq(at)) {
    const item = typeof key === 'number' ? at.items[key] : undefined
    return yaml.isNode(item) ? { key: item, value: item } : null
  }
  if (!yaml.isMap(at)) return null
  const targetOf = (alias: Alias): Node | undefined => tree.targets.get(alias)
  for (const pair of at.items.toReversed()) {
    if (!yaml.isNode(pair.key) || keyText(yaml, pair.key, targetOf) !== String(key)) continue
    return { key: pair.key, value: yaml.isNode(pair.value) ? pair.value : null }
  }
  return childOfMerged(yaml, tree, at, key)
}

function childOfMerged(
  yaml: Yaml,
  tree: YamlTree,
  map: YAMLMap,
  key: string | number,
): { key: Node; value: Node | null } | null {
  for (const pair of map.items) {
    if (!isMergeKey(yaml, pair) || !yaml.isNode(pair.value)) continue
    const sources = yaml.isSeq(pair.value) ? pair.value.items.filter(yaml.isNode) : [pair.value]
    for (const source of sources) {
      const found = childOf(yaml, tree, source, key)
      if (found !== null) return found
    }
  }
  return null
}
