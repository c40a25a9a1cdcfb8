import { nearestName } from '../model/nearest-name.ts'
import type { ArchiveContent, Step } from '../model/run-config.ts'
import type { Cursor } from './cursor.ts'
import { describeValue } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { parseRunStep, runShape } from './parse-run-step.ts'
import { ignoreWhen } from './parse-step-when.ts'
import {
  isObject,
  type JsonObject,
  readBoolean,
  readInteger,
  readList,
  readString,
  readStringList,
} from './read-document.ts'
import { type Fields, readFields, type Shape, shape } from './read-fields.ts'
import { exampleFor } from './wrong-type.ts'

const common = ['type', 'name', 'when']
const shapes: Record<Step['type'], Shape> = {
  run: runShape,
  clone: shape('a clone step', [...common, 'depth', 'recurse_submodules'], {
    submodules: 'write "recurse_submodules"',
  }),
  save_to_workspace: shape('a save_to_workspace step', [...common, 'contents']),
  restore_workspace: shape('a restore_workspace step', [...common, 'dest_dir']),
  save_cache: shape('a save_cache step', [...common, 'key', 'contents']),
  restore_cache: shape('a restore_cache step', [...common, 'keys', 'dest_dir'], { key: 'write keys, a list' }),
}
const types = Object.keys(shapes)
const contentShape = shape('an entry of contents', ['source_dir', 'dest_dir', 'paths'])
/** What people write who come from elsewhere. */
const otherNames: Record<string, string> = {
  checkout: 'clone',
  script: 'run',
  command: 'run',
  cache: 'restore_cache',
  restore_to_workspace: 'restore_workspace',
  save_workspace: 'save_to_workspace',
}

/** A step in its long or a short form (spec/config.md 7.1). null, with a problem, when it is none. */
export function parseStep(cursor: Cursor, context: ParseContext): Step | null {
  const { value } = cursor
  if (!isObject(value)) return refuse(cursor, context)
  if (Object.hasOwn(value, 'type')) return parseLong(cursor, value, context)
  const [key, ...others] = Object.keys(value)
  if (key === undefined) return refuseEmpty(cursor, context)
  if (others.length > 0) return refuseSeveral(cursor, value, context)
  return parseShort(cursor.child(key, value[key]), key, context)
}

function parseLong(cursor: Cursor, value: JsonObject, context: ParseContext): Step | null {
  const at = cursor.child('type', value.type)
  if (typeof value.type === 'string') return parseTyped(at, value.type, cursor, context)
  context.problems.error(at, 'step_bad_shape', 'the type of a step must be a string', {
    found: describeValue(value.type),
    hint: `write one of: ${types.join(', ')}`,
  })
  return null
}

function parseShort(cursor: Cursor, type: string, context: ParseContext): Step | null {
  if (!isStepType(type)) return refuseType(cursor, type, context)
  if (cursor.value === null) return parseTyped(cursor, type, cursor.parent?.child(type, {}) ?? cursor, context)
  if (type === 'run' && typeof cursor.value === 'string') {
    return parseTyped(cursor, type, cursor, context)
  }
  if (isObject(cursor.value)) {
    refuseOtherType(cursor, cursor.value, type, context)
    return parseTyped(cursor, type, cursor, context)
  }
  context.problems.error(
    cursor,
    'step_bad_shape',
    `"${type}" must be an object${type === 'run' ? ' or a command' : ''}`,
    {
      found: describeValue(cursor.value),
      hint: type === 'run' ? 'a command is a string: put it in quotes' : exampleFor(cursor),
    },
  )
  return null
}

/** The fields of the short form may repeat the type that stands above them, but not name another one. */
function refuseOtherType(cursor: Cursor, value: JsonObject, type: Step['type'], context: ParseContext): void {
  const key = Object.keys(value).find((key) => key.toLowerCase() === 'type')
  if (key === undefined || value[key] === null || value[key] === type) return
  const at = cursor.child(key, value[key])
  context.problems.error(at, 'step_bad_shape', `the type of the step is "${type}" already`, {
    found: describeValue(at.value),
    hint: `remove this one, or put the fields under the type that is meant`,
  })
}

/** `cursor` points at the fields, `at` at what names the type. */
function parseTyped(at: Cursor, type: string, cursor: Cursor, context: ParseContext): Step | null {
  if (!isStepType(type)) return refuseType(at, type, context)
  if (type === 'run') return parseRunStep(cursor, context)
  const fields = readFields(cursor, shapes[type], context)
  if (fields === null) return null
  const name = readString(fields.get('name'), context.problems)
  ignoreWhen(fields, context)
  switch (type) {
    case 'clone':
      return {
        type,
        name,
        depth: parseDepth(fields, context),
        recurseSubmodules: readBoolean(fields.get('recurse_submodules'), context.problems, false),
      }
    case 'save_to_workspace':
      return { type, name, contents: parseContents(fields, context) }
    case 'restore_workspace':
      return { type, name, destDir: readString(fields.get('dest_dir'), context.problems) }
    case 'save_cache':
      return { type, name, key: parseKey(fields, context), contents: parseContents(fields, context) }
    case 'restore_cache':
      return {
        type,
        name,
        keys: parseKeys(fields, context),
        destDir: readString(fields.get('dest_dir'), context.problems),
      }
  }
}

/** 0: the whole history. */
function parseDepth(fields: Fields, context: ParseContext): number {
  const cursor = fields.get('depth')
  const depth = readInteger(cursor, context.problems, 0)
  if (cursor !== null && cursor.value === depth && depth < 1) {
    context.problems.error(cursor, 'clone_depth', 'the depth of a clone is at least 1', {
      found: describeValue(depth),
      hint: 'leave it out for the whole history',
    })
  }
  return depth
}

function parseKey(fields: Fields, context: ParseContext): string {
  const cursor = fields.get('key')
  const key = readString(cursor, context.problems)
  if (key === '' && (cursor === null || cursor.value === null || cursor.value === '')) {
    context.problems.error(cursor ?? fields.cursor, 'save_cache_no_key', 'the save_cache step has no key', {
      hint: 'write key: name-{{ sha256sum "lockfile" }}',
      atKey: true,
    })
  }
  return key
}

function parseKeys(fields: Fields, context: ParseContext): string[] {
  const cursor = fields.get('keys')
  if (cursor === null || cursor.value === null || (Array.isArray(cursor.value) && cursor.value.length === 0)) {
    context.problems.error(cursor ?? fields.cursor, 'restore_cache_no_keys', 'the restore_cache step has no keys', {
      hint: 'write keys: [name-{{ sha256sum "lockfile" }}, name-]',
      atKey: true,
    })
  }
  const items = Array.isArray(cursor?.value) ? readList(cursor, context.problems) : []
  for (const item of items.filter(({ value }) => value === '')) {
    context.problems.error(item, 'restore_cache_empty_key', `keys[${item.key}] of the restore_cache step is empty`, {
      found: '""',
      hint: 'write name-, which finds the newest cache whose key starts with it, or leave it out',
    })
  }
  return readStringList(cursor, context.problems)
}

function parseContents(fields: Fields, context: ParseContext): ArchiveContent[] {
  return readList(fields.get('contents'), context.problems).flatMap((item) => {
    if (item.value === null) {
      context.problems.error(item, 'content_empty', `contents[${item.key}] is empty`, {
        found: 'null',
        hint: 'write { source_dir: … }',
      })
      return []
    }
    const content = readFields(item, contentShape, context)
    return content === null ? [] : [parseContent(content, context)]
  })
}

// Without paths the reference saves everything into a cache, but nothing into a workspace. Here both save everything.
function parseContent(fields: Fields, context: ParseContext): ArchiveContent {
  const paths = fields.get('paths')
  return {
    sourceDir: readString(fields.get('source_dir'), context.problems),
    destDir: readString(fields.get('dest_dir'), context.problems),
    paths: paths === null || paths.value === null ? ['**'] : readStringList(paths, context.problems),
  }
}

function isStepType(type: string): type is Step['type'] {
  return Object.hasOwn(shapes, type)
}

function refuse(cursor: Cursor, context: ParseContext): null {
  const { value } = cursor
  if (value === null) return refuseEmpty(cursor, context)
  const hint = typeof value === 'string' ? hintForText(value) : `write { type: … } or { <type>: … }`
  context.problems.error(cursor, 'step_bad_shape', 'a step must be an object', { found: describeValue(value), hint })
  return null
}

function hintForText(text: string): string {
  return isStepType(text) && text !== 'run'
    ? `write { ${text}: {} }, in YAML "- ${text}:"`
    : 'for a command write { run: … }'
}

function refuseEmpty(cursor: Cursor, context: ParseContext): null {
  context.problems.error(cursor, 'step_empty', 'the step is empty', {
    found: describeValue(cursor.value),
    hint: `write one of: ${types.join(', ')}`,
  })
  return null
}

function refuseSeveral(cursor: Cursor, value: JsonObject, context: ParseContext): null {
  const type = Object.keys(value).find(isStepType)
  context.problems.error(cursor, 'step_bad_shape', 'a step with several keys needs a "type"', {
    found: describeValue(value),
    hint:
      type === undefined
        ? `write type: and one of: ${types.join(', ')}`
        : `put the other keys under "${type}", one level deeper, or write type: ${type}${type === 'run' ? ' and command: …' : ''}`,
  })
  return null
}

function refuseType(cursor: Cursor, type: string, context: ParseContext): null {
  const guess = (Object.hasOwn(otherNames, type) ? otherNames[type] : null) ?? nearestName(type, types)
  context.problems.error(cursor, 'step_unknown_type', `there is no step "${type}"`, {
    hint: guess == null ? `the steps are: ${types.join(', ')}` : `did you mean "${guess}"?`,
    atKey: cursor.key !== 'type',
  })
  return null
}
