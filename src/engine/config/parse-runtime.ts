import { posix } from 'node:path'
import { nearestName } from '../model/nearest-name.ts'
import type { Arch, Container, Runtime, Volume } from '../model/run-config.ts'
import type { Cursor } from './cursor.ts'
import { describeValue } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { parseEnvironment } from './parse-value.ts'
import { parseQuantity } from './quantity.ts'
import { readBoolean, readList, readText } from './read-document.ts'
import { type Fields, readFields, shape } from './read-fields.ts'

const runtimeShape = shape('a runtime', ['type', 'arch', 'containers'], {
  image: 'write containers: [{ image: … }]',
  container: 'write containers, a list',
  environment: 'write it into the task or into a container',
})
const containerShape = shape('a container', ['image', 'environment', 'user', 'privileged', 'entrypoint', 'volumes'], {
  auth: 'write docker_registries_auth into the task, the run or at the top',
  env: 'write "environment"',
  command: 'write "entrypoint", which replaces what the image starts',
  name: 'containers have no names: the first is the main one, the others are reached on localhost',
})
const volumeShape = shape('a volume', ['path', 'tmpfs'])
const tmpfsShape = shape('a tmpfs', ['size'])
const archs: readonly Arch[] = ['386', 'amd64', 'arm', 'arm64']
const otherNames: Record<string, Arch> = {
  x86_64: 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  i386: '386',
  x86: '386',
  armv7: 'arm',
}

/** `task` is the cursor of the task, for pointing at it when the runtime is missing. */
export function parseRuntime(cursor: Cursor | null, task: Cursor, context: ParseContext): Runtime {
  const runtime: Runtime = { type: 'pod', arch: '', containers: [] }
  if (cursor === null || cursor.value === null) {
    context.problems.error(cursor ?? task, 'runtime_missing', 'the task has no runtime', {
      hint: 'write runtime: { containers: [{ image: … }] }',
      atKey: true,
    })
    return runtime
  }
  const fields = readFields(cursor, runtimeShape, context)
  if (fields === null) return runtime
  checkType(fields.get('type'), context)
  runtime.arch = parseArch(fields.get('arch'), context)
  runtime.containers = parseContainers(fields, context)
  return runtime
}

function checkType(cursor: Cursor | null, context: ParseContext): void {
  const type = readText(cursor, context.problems)
  if (cursor === null || type === '' || type === 'pod') return
  context.problems.error(cursor, 'runtime_bad_type', 'the type of a runtime is pod', {
    found: describeValue(cursor.value),
    hint: 'write "pod", or leave it out',
  })
}

function parseArch(cursor: Cursor | null, context: ParseContext): Runtime['arch'] {
  const text = readText(cursor, context.problems)
  const arch = archs.find((known) => known === text)
  if (cursor === null || text === '' || arch !== undefined) return arch ?? ''
  const meant =
    (Object.hasOwn(otherNames, text.toLowerCase()) ? otherNames[text.toLowerCase()] : null) ?? nearestName(text, archs)
  context.problems.error(cursor, 'runtime_bad_arch', `the arch of a runtime is one of ${archs.join(', ')}`, {
    found: describeValue(cursor.value),
    hint: meant === null ? 'leave it out for any' : `did you mean "${meant}"?`,
  })
  return ''
}

function parseContainers(fields: Fields, context: ParseContext): Container[] {
  const cursor = fields.get('containers')
  const containers = readList(cursor, context.problems)
  if (containers.length === 0 && (cursor === null || cursor.value === null || Array.isArray(cursor.value))) {
    context.problems.error(cursor ?? fields.cursor, 'runtime_no_containers', 'the runtime has no containers', {
      hint: 'write containers: [{ image: … }]',
      atKey: true,
    })
  }
  return containers.flatMap((container) => parseContainer(container, context) ?? [])
}

function parseContainer(cursor: Cursor, context: ParseContext): Container | null {
  if (cursor.value === null) {
    context.problems.error(cursor, 'container_empty', `containers[${cursor.key}] is empty`, {
      found: 'null',
      hint: 'write { image: … }',
    })
    return null
  }
  const fields = readFields(cursor, containerShape, context)
  if (fields === null) return null
  const image = readText(fields.get('image'), context.problems)
  if (image.trim() === '') reportNoImage(fields, context)
  return {
    image,
    environment: parseEnvironment(fields.get('environment'), context),
    user: readText(fields.get('user'), context.problems),
    privileged: readBoolean(fields.get('privileged'), context.problems, false),
    entrypoint: readText(fields.get('entrypoint'), context.problems),
    volumes: parseVolumes(fields.get('volumes'), context),
  }
}

function reportNoImage(fields: Fields, context: ParseContext): void {
  const cursor = fields.get('image')
  if (typeof cursor?.value === 'object' && cursor.value !== null) return
  context.problems.error(cursor ?? fields.cursor, 'image_empty', `containers[${fields.cursor.key}] has no image`, {
    hint: 'write image: name:tag',
    atKey: true,
  })
}

function parseVolumes(cursor: Cursor | null, context: ParseContext): Volume[] {
  const paths = new Set<string>()
  return readList(cursor, context.problems).flatMap((item) => {
    if (item.value === null) {
      context.problems.error(item, 'volume_empty', `volumes[${item.key}] is empty`, {
        found: 'null',
        hint: 'write { path: /name, tmpfs: {} }',
      })
      return []
    }
    const fields = readFields(item, volumeShape, context)
    if (fields === null) return []
    const path = parseVolumePath(fields, paths, context)
    return [{ path, tmpfsSizeBytes: parseTmpfs(fields, context) }]
  })
}

function parseVolumePath(fields: Fields, paths: Set<string>, context: ParseContext): string {
  const cursor = fields.get('path')
  const path = readText(cursor, context.problems)
  const name = `volumes[${fields.cursor.key}]`
  const at = cursor ?? fields.cursor
  if (typeof cursor?.value === 'object' && cursor.value !== null) return path
  if (path === '')
    context.problems.error(at, 'volume_no_path', `${name} has no path`, { hint: 'write path: /name', atKey: true })
  else if (!path.startsWith('/')) {
    context.problems.error(at, 'volume_path_relative', `the path of ${name} is not absolute`, {
      found: describeValue(path),
      hint: path.startsWith('~') ? '~ is not expanded here' : `did you mean "/${path.replace(/^(\.\/)+/, '')}"?`,
    })
  } else checkPlace(at, path, paths, context)
  return path
}

/** `places` are those of the volumes before, without the ways in which one place can be written. */
function checkPlace(at: Cursor, path: string, places: Set<string>, context: ParseContext): void {
  const place = posix.resolve('/', path)
  const found = describeValue(path)
  if (place === '/') {
    const hint = 'write path: /name; it would hide the files of the image'
    context.problems.error(at, 'volume_path_root', 'a volume cannot be mounted at /', { found, hint })
  } else if (places.has(place)) {
    context.problems.error(at, 'volume_path_duplicate', `another volume of the container is mounted there too`, {
      found,
    })
  }
  places.add(place)
}

function parseTmpfs(fields: Fields, context: ParseContext): number {
  const cursor = fields.get('tmpfs')
  if (cursor === null || cursor.value === null) {
    context.problems.error(cursor ?? fields.cursor, 'volume_no_config', `volumes[${fields.cursor.key}] has no tmpfs`, {
      ...(cursor === null ? {} : { found: 'null' }),
      hint: 'write tmpfs: {} or tmpfs: { size: 1Gi }',
      atKey: true,
    })
    return 0
  }
  const tmpfs = readFields(cursor, tmpfsShape, context)
  return parseSize(tmpfs?.get('size') ?? null, context)
}

function parseSize(cursor: Cursor | null, context: ParseContext): number {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return 0
  const isText = typeof value === 'string' || typeof value === 'number'
  const bytes = isText ? parseQuantity(String(value)) : null
  const found = describeValue(value)
  if (bytes === null) {
    const hint = hintForSize(isText ? String(value) : '')
    context.problems.error(cursor, 'quantity_bad', 'this is no size', { found, hint })
  } else if (bytes === Infinity) {
    const hint = 'write less than 8Pi, or leave it out for no limit of its own'
    context.problems.error(cursor, 'quantity_too_large', 'this size is too large', { found, hint })
  } else if (bytes < 0) context.problems.error(cursor, 'quantity_negative', 'a size is not negative', { found })
  return bytes ?? 0
}

/** People write `1GB`, `1K` and `512 Mi`. `m` is a thousandth to the format, which nobody means. */
function hintForSize(text: string): string {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([kmgtpe]?)(?:i?b?)\s*$/i.exec(text) ?? []
  const guesses = [
    unit === 'm' ? '' : text.replace(/\s/g, ''),
    `${number}${unit === '' ? '' : `${unit.toUpperCase()}i`}`,
  ]
  const meant = guesses.find((guess) => number !== '' && Number.isFinite(parseQuantity(guess) ?? Number.NaN))
  return meant === undefined
    ? 'write a number of bytes, or with a unit: 512Mi, 1Gi, 100M'
    : `did you mean "${meant}"? A size is a number of bytes, or has a unit: 512Mi, 1Gi, 100M`
}
