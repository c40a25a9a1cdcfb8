import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import { ownValue } from '../std/own-value.ts'
import { unmaskableReason } from '../std/unmaskable-reason.ts'
import { matchesPattern } from './path-pattern.ts'
import { readVariableFile, readVariablesByPattern } from './variable-file.ts'

export interface VariableRequest {
  /** `NAME=VALUE`, or `NAME` with the value in the environment or asked for. */
  variables: readonly string[]
  variableFiles: readonly string[]
  secrets: readonly string[]
  secretFiles: readonly string[]
  /** Holds `variables.yml`; see `localDirectories`. */
  configDirectory: string
  homeDirectory: string
  /** What the patterns of `variables.yml` are compared with. */
  repository: { topDirectory: string; remoteUrl: string | null }
  environment: Readonly<Record<string, string | undefined>>
  /** Asks without showing what is typed; null where nobody can be asked. */
  askHidden: ((name: string) => Promise<string>) | null
}

export interface Variables {
  /** All values by name, those of secrets too. */
  values: Map<string, string>
  /** Names whose values must not be shown or stored. */
  secretNames: Set<string>
  warnings: string[]
}

/** Collects variables, low to high: the user's `variables.yml`, files in their order, flags (spec/local-runs.md 7.1). A name
 *  that is a secret in any of them is a secret. Throws `flagInvalid` for a flag, `variableInvalid` for a file. */
export async function collectVariables(request: VariableRequest): Promise<Variables> {
  const found: Variables = { values: new Map(), secretNames: new Set(), warnings: [] }
  await addUserVariables(found, request)
  for (const path of request.variableFiles) add(found, await readVariableFile(path), false)
  for (const path of request.secretFiles) {
    add(found, await readVariableFile(path), true)
    await warnAboutReaders(found, path)
  }
  for (const text of request.variables) add(found, await parseFlag('--var', text, request), false)
  for (const text of request.secrets) add(found, await parseFlag('--secret', text, request), true)
  warnAboutMasks(found)
  return found
}

/** What to tell about a secret that cannot be masked; null when it can. */
export function unmaskedWarning(name: string, value: string): string | null {
  const reason = unmaskableReason(value)
  return reason === null ? null : `The secret ${name} is not masked in logs, because ${reason}.`
}

async function addUserVariables(found: Variables, request: VariableRequest): Promise<void> {
  const { topDirectory, remoteUrl } = request.repository
  for (const [pattern, values] of await readVariablesByPattern(join(request.configDirectory, 'variables.yml'))) {
    const expanded = pattern.startsWith('~/') ? join(request.homeDirectory, pattern.slice(2)) : pattern
    const matches = [topDirectory, remoteUrl].some((text) => text !== null && matchesPattern(expanded, text))
    if (matches) add(found, values, false)
  }
}

async function parseFlag(flag: string, text: string, request: VariableRequest): Promise<Map<string, string>> {
  const trimmed = text.trimStart()
  const end = trimmed.indexOf('=')
  const name = end < 0 ? trimmed.trimEnd() : trimmed.slice(0, end)
  if (name === '')
    throw new AgolaError('flagInvalid', `${flag} ${JSON.stringify(text)} has no name. Write ${flag} NAME=VALUE.`)
  const value = end < 0 ? await valueElsewhere(flag, name, request) : trimmed.slice(end + 1)
  return new Map([[name, value]])
}

async function valueElsewhere(flag: string, name: string, request: VariableRequest): Promise<string> {
  const value = ownValue(request.environment, name)
  if (value !== undefined) return value
  if (request.askHidden !== null) return await request.askHidden(name)
  throw new AgolaError(
    'flagInvalid',
    `${flag} ${name} has no value: set ${name} in the environment, or write ${flag} ${name}=VALUE.`,
  )
}

function add(found: Variables, values: ReadonlyMap<string, string>, secret: boolean): void {
  for (const [name, value] of values) {
    found.values.set(name, value)
    if (secret) found.secretNames.add(name)
  }
}

async function warnAboutReaders(found: Variables, path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0)
    found.warnings.push(`${path} holds secrets and can be read by other users: chmod 600 ${path}`)
}

function warnAboutMasks(found: Variables): void {
  for (const name of [...found.secretNames].sort()) {
    const warning = unmaskedWarning(name, found.values.get(name) ?? '')
    if (warning !== null) found.warnings.push(warning)
  }
}
