import { AgolaError, hasCode, messageOf } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import { type Engine, probeEngine } from './docker/probe.ts'
import { type EngineCandidate, type EngineProduct, engineCandidates, type Surroundings } from './engine-candidates.ts'

export interface EngineSearch {
  /** The first that answers; null when none does. */
  engine: Engine | null
  /** One line: what was found and where, or that nothing was. */
  description: string
  /** Everything that was tried before, in order, for an error message and for `doctor`. */
  attempts: EngineAttempt[]
}

/** A search that ended well. */
export type FoundEngine = Pick<EngineSearch, 'description'> & { engine: Engine }

export interface EngineAttempt {
  product: EngineProduct
  origin: string
  /** '' where not even an address was known. */
  url: string
  /** null: it answered. */
  reason: string | null
}

const probeMsMax = 5_000
/** Hosts behind ssh ask for keys and wake up machines. */
const slowProbeMsMax = 30_000

/** Looks for a container engine: what the user chose, else the usual places (Docker first, then Podman).
 *  Never throws for an engine that does not answer; `signal` ends the search with its reason. */
export async function findEngine(surroundings: Surroundings, { signal }: CallOptions = {}): Promise<EngineSearch> {
  const attempts: EngineAttempt[] = []
  for (const candidate of await engineCandidates(surroundings)) {
    const { product, origin } = candidate
    if ('reason' in candidate) {
      attempts.push({ product, origin, url: '', reason: candidate.reason })
      break
    }
    const { url } = candidate.endpoint
    try {
      const engine = await probe(candidate, signal)
      attempts.push({ product, origin, url, reason: null })
      return { engine, description: describe(engine, origin), attempts }
    } catch (error) {
      signal?.throwIfAborted()
      attempts.push({ product, origin, url, reason: reasonOf(error) })
      if (candidate.isExplicit) break
    }
  }
  return { engine: null, description: 'no container engine answers', attempts }
}

/** As `findEngine`, for callers that cannot do without. @throws driverUnreachable with all attempts that are worth telling, driverTooOld */
export async function requireEngine(
  surroundings: Surroundings,
  options: CallOptions = {},
): Promise<EngineSearch & FoundEngine> {
  const search = await findEngine(surroundings, options)
  if (search.engine !== null) return { ...search, engine: search.engine }
  throw noEngine(search.attempts)
}

/** What a missing engine means to the user. Sockets that do not exist are told together. */
export function noEngine(attempts: readonly EngineAttempt[]): AgolaError {
  // What the user chose is the only attempt, and is always told.
  const telling = attempts.filter(
    ({ reason }) => reason !== null && (attempts.length === 1 || !reason.startsWith('there is no such socket')),
  )
  const lines = telling.map(({ origin, url, reason }) => `  ${origin}${url === '' ? '' : ` at ${url}`}: ${reason}`)
  const silent = attempts.length - telling.length
  if (silent > 0) lines.push(`  ${silent} usual ${silent === 1 ? 'place has' : 'places have'} no socket`)
  const onlyTooOld = telling.length > 0 && telling.every(({ reason }) => /too old|update agola/.test(reason ?? ''))
  const text = `no container engine answers:\n${lines.join('\n')}\nStart Docker or Podman, set DOCKER_HOST, or use --driver host`
  return new AgolaError(onlyTooOld ? 'driverTooOld' : 'driverUnreachable', text, {
    details: { attempts: [...attempts] },
  })
}

async function probe(candidate: EngineCandidate, signal: AbortSignal | undefined): Promise<Engine> {
  const limit = AbortSignal.timeout(candidate.endpoint.url.startsWith('ssh:') ? slowProbeMsMax : probeMsMax)
  const signals = signal === undefined ? [limit] : [signal, limit]
  return probeEngine(candidate.endpoint, { signal: AbortSignal.any(signals) })
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  if (hasCode(error, 'driverUnreachable') && error instanceof AgolaError && typeof error.details.reason === 'string') {
    return error.details.reason
  }
  return messageOf(error)
}

function describe({ version, endpoint }: Engine, origin: string): string {
  const name = `${version.product} ${version.version} at ${endpoint.url}`
  return origin === version.product ? name : `${name} (${origin})`
}
