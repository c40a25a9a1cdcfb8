import { AgolaError } from '../../../model/errors.ts'

export interface ImageReference {
  /** `index.docker.io` when the name tells none (spec/executor.md 19). */
  registry: string
  /** All but the tag and digest, as written. */
  name: string
  /** A tag, or a digest with its `sha256:`. */
  tag: string
}

export const dockerHub = 'index.docker.io'

const namePattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/
const tagPattern = /^\w[\w.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

/** @throws imageInvalid, saying what is wrong with it */
export function parseImageReference(image: string): ImageReference {
  const [path = '', digest, ...more] = image.split('@')
  const tagStart = path.indexOf(':', path.lastIndexOf('/') + 1)
  const name = tagStart < 0 ? path : path.slice(0, tagStart)
  const tag = tagStart < 0 ? undefined : path.slice(tagStart + 1)
  const parts = name.split('/')
  const first = parts[0] ?? ''
  const hasHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')
  const repository = hasHost ? parts.slice(1) : parts
  if (image === '') throw invalid(image, 'it is empty')
  if (hasHost && !hostPattern.test(first)) throw invalid(image, `"${first}" is no host name`)
  const wrong = repository.find((part) => !namePattern.test(part))
  if (wrong !== undefined) throw invalid(image, whatIsWrong(wrong))
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(image, `"${tag}" is no tag`)
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest)))
    throw invalid(image, 'its digest is malformed')
  return { registry: hasHost && first !== 'docker.io' ? first : dockerHub, name, tag: digest ?? tag ?? 'latest' }
}

function whatIsWrong(part: string): string {
  if (part === '') return 'a part of its name is empty'
  if (namePattern.test(part.toLowerCase())) return `write "${part}" in lower case`
  return `"${part}" has characters that no image name has`
}

function invalid(image: string, why: string): AgolaError {
  return new AgolaError('imageInvalid', `"${image}" is no image name: ${why}`, { details: { image } })
}
