import { AgolaError } from '../../../model/errors.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import { abortable } from '../../../std/abortable.ts'
import { type EngineClient, EngineFailure } from './client.ts'
import { parseImageReference } from './image-reference.ts'
import { jsonLines } from './json-lines.ts'
import { PullProgress } from './pull-progress.ts'
import { type RegistryCredentials, toAuthHeader } from './registry-credentials.ts'

export interface PullRequest {
  image: string
  /** `linux/arm64`; '' : the engine's own. */
  platform: string
  credentials: RegistryCredentials | null
}

export interface PullOptions extends CallOptions {
  onMessage: (line: string) => void
}

interface Flight {
  promise: Promise<void>
  abort: AbortController
  listeners: Set<Listener>
}

/** One for each caller, also of callers that share a function. */
interface Listener {
  onMessage: (line: string) => void
}

/** Pulls images: equal requests at the same time share one pull, which is given up when nobody waits for it any more. */
export class ImagePuller {
  readonly #client: EngineClient
  readonly #clock: Clock
  readonly #flights = new Map<string, Flight>()

  constructor(client: EngineClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** @throws imageUnavailable, imageInvalid, diskFull, driverUnreachable, or the reason of `signal` */
  async pull(request: PullRequest, { signal, onMessage }: PullOptions): Promise<void> {
    signal?.throwIfAborted()
    const key = JSON.stringify(request)
    const flight = this.#flights.get(key) ?? this.#start(key, request)
    const listener = { onMessage }
    flight.listeners.add(listener)
    onMessage(`pulling ${request.image}`)
    try {
      await abortable(flight.promise, signal)
    } finally {
      flight.listeners.delete(listener)
      if (flight.listeners.size === 0) {
        flight.abort.abort()
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      }
    }
  }

  #start(key: string, request: PullRequest): Flight {
    const abort = new AbortController()
    const listeners = new Set<Listener>()
    const tell = (line: string) => {
      for (const { onMessage } of listeners) onMessage(line)
    }
    const promise = this.#run(request, abort.signal, tell)
    const flight = { promise, abort, listeners }
    this.#flights.set(key, flight)
    return flight
  }

  async #run(request: PullRequest, signal: AbortSignal, tell: (line: string) => void): Promise<void> {
    const { image, platform, credentials } = request
    const { name, tag } = parseImageReference(image)
    const startMs = this.#clock.monotonicMs()
    const progress = new PullProgress(image, startMs)
    try {
      const stream = await this.#client.stream('POST', '/images/create', {
        query: { fromImage: name, tag, ...(platform !== '' && { platform }) },
        ...(credentials !== null && { headers: { 'X-Registry-Auth': toAuthHeader(credentials) } }),
        signal,
      })
      for await (const message of jsonLines(stream)) {
        const failure = failureIn(message)
        if (failure !== null) throw explainPullFailure(request, failure)
        const line = progress.feed(message, this.#clock.monotonicMs())
        if (line !== null) tell(line)
      }
    } catch (error) {
      if (error instanceof EngineFailure) throw explainPullFailure(request, error.complaint)
      throw error
    }
    tell(`pulled ${image} in ${((this.#clock.monotonicMs() - startMs) / 1000).toFixed(1)} s`)
  }
}

/** Errors after the first byte come inside the stream, under a status of success. */
function failureIn(message: Record<string, unknown>): string | null {
  const { error, errorDetail } = message
  if (typeof error === 'string' && error !== '') return error
  const detail = (errorDetail as { message?: unknown } | undefined)?.message
  return typeof detail === 'string' ? detail : null
}

/** Names the image and the way out. */
export function explainPullFailure({ image, platform, credentials }: PullRequest, complaint: string): AgolaError {
  if (/no space left on device|disk quota exceeded/i.test(complaint)) {
    return new AgolaError(
      'diskFull',
      `cannot pull ${image}: the engine's disk is full (${complaint}); free some, for example: docker system prune`,
    )
  }
  const { registry } = parseImageReference(image)
  const wayOut = wayOutOf(complaint, registry, platform, credentials !== null)
  return new AgolaError('imageUnavailable', `cannot pull ${image}: ${complaint.trim()}; ${wayOut}`, {
    details: { image, registry },
  })
}

function wayOutOf(complaint: string, registry: string, platform: string, hadCredentials: boolean): string {
  if (
    /no matching manifest|does not match the specified platform|no image found in (manifest list|image index)/i.test(
      complaint,
    )
  ) {
    return `the image is not offered for ${platform || 'this architecture'}; choose another one, or another arch`
  }
  if (/toomanyrequests|too many requests|rate limit/i.test(complaint)) return `wait a while, or log in to ${registry}`
  if (/denied|unauthorized|authentication required|no basic auth|forbidden/i.test(complaint)) {
    return hadCredentials
      ? `${registry} refused the credentials that were given for it, or has no such image`
      : `check the name; a private image needs credentials: docker_registries_auth in the config, or docker login ${registry}`
  }
  if (/manifest unknown|not found|does not exist|name unknown/i.test(complaint)) return 'check its name and tag'
  return `${registry} cannot be reached by the container engine; check its network and proxy, or load the image into the engine first`
}
