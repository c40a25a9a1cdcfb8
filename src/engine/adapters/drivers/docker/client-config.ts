import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { decodeAuth, type RegistryCredentials, registryKeys } from './registry-credentials.ts'

/** What the user's Docker client knows: credentials and the current context. Anything but objects and strings is left out. */
export interface ClientConfig {
  currentContext: string
  auths: Record<string, Record<string, unknown>>
  credHelpers: Record<string, string>
  credsStore: string
}

const empty: ClientConfig = { currentContext: '', auths: {}, credHelpers: {}, credsStore: '' }

/** Reads `config.json` in `dir`. A missing or broken file counts as empty: it is another program's. */
export async function readClientConfig(dir: string): Promise<ClientConfig> {
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))
  } catch {
    return empty
  }
  if (!isRecord(parsed)) return empty
  const { currentContext, auths, credHelpers, credsStore } = parsed
  return {
    currentContext: typeof currentContext === 'string' ? currentContext : '',
    credsStore: typeof credsStore === 'string' ? credsStore : '',
    auths: Object.fromEntries(Object.entries(isRecord(auths) ? auths : {}).filter(isRecordEntry)),
    credHelpers: Object.fromEntries(Object.entries(isRecord(credHelpers) ? credHelpers : {}).filter(isTextEntry)),
  }
}

/** The credentials that the user's Docker client would send to a registry, null for none. A helper that fails counts as none,
 *  as it does there; `warn` is told. */
export async function findClientCredentials(
  registry: string,
  config: ClientConfig,
  environment: Record<string, string | undefined>,
  warn: (message: string) => void,
): Promise<RegistryCredentials | null> {
  const keys = registryKeys(registry)
  const hub = registry === 'index.docker.io'
  const server = hub ? 'https://index.docker.io/v1/' : registry
  const helper = keys.map((key) => config.credHelpers[key]).find((name) => name !== undefined) ?? config.credsStore
  if (helper !== '') {
    const found = await askHelper(helper, server, environment, warn)
    if (found !== null) return toCredentials(registry, found.username, found.secret)
  }
  for (const key of keys) {
    const { auth, identitytoken, username, password } = config.auths[key] ?? {}
    if (typeof identitytoken === 'string' && identitytoken !== '') return { serveraddress: registry, identitytoken }
    const decoded = typeof auth === 'string' ? decodeAuth(auth) : null
    if (decoded !== null) return { serveraddress: registry, ...decoded }
    if (typeof username === 'string' && typeof password === 'string')
      return { serveraddress: registry, username, password }
  }
  return null
}

/** A helper marks an identity token by this instead of a user's name. */
function toCredentials(serveraddress: string, username: string, secret: string): RegistryCredentials {
  return username === '<token>'
    ? { serveraddress, identitytoken: secret }
    : { serveraddress, username, password: secret }
}

const helperMsMax = 20_000

async function askHelper(
  name: string,
  server: string,
  environment: Record<string, string | undefined>,
  warn: (message: string) => void,
): Promise<{ username: string; secret: string } | null> {
  const program = `docker-credential-${name}`
  if (!/^[\w.-]+$/.test(name)) return null
  const child = spawn(program, ['get'], { env: environment, stdio: ['pipe', 'pipe', 'ignore'], timeout: helperMsMax })
  const failure = Promise.withResolvers<null>()
  child.on('error', (error) => {
    warn(`${program} could not be asked for the credentials of ${server}: ${error.message}`)
    failure.resolve(null)
  })
  child.stdin.on('error', () => failure.resolve(null))
  child.stdin.end(server)
  const output = await Promise.race([text(child.stdout), failure.promise])
  if (output === null) return null
  try {
    const { Username, Secret } = JSON.parse(output) as { Username?: unknown; Secret?: unknown }
    return typeof Username === 'string' && typeof Secret === 'string' ? { username: Username, secret: Secret } : null
  } catch {
    // "credentials not found in native keychain": the ordinary answer for a registry without any.
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRecordEntry(entry: [string, unknown]): entry is [string, Record<string, unknown>] {
  return isRecord(entry[1])
}

function isTextEntry(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}
