import type { ExecutorId } from '../../../model/ids.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Random } from '../../../ports/random.ts'
import { abortable } from '../../../std/abortable.ts'
import { hasStatus } from './client.ts'
import { label, podAgeMsMax, seconds } from './labels.ts'
import type { PullOptions } from './pull.ts'
import type { ToolsMount } from './spec.ts'
import { obtainToolsImage, type ToolsImageSources } from './tools-image.ts'

export interface ToolsVolumeParts extends ToolsImageSources {
  clock: Clock
  random: Random
}

/** The read-only volume with busybox that every pod's main container gets (spec/local-runs.md 14.2). All processes of the engine share one.
 *  It is filled by the engine itself, which copies an image's folder into an empty volume that a new container mounts there. */
export class ToolsVolume {
  readonly #parts: ToolsVolumeParts
  #lookup: Promise<string | null> | undefined
  #flight: { mount: Promise<ToolsMount>; abort: AbortController; waiting: number } | undefined

  constructor(parts: ToolsVolumeParts) {
    this.#parts = parts
  }

  /** Looks for the volume ahead of the first pod. Never rejects: whoever mounts gets the error. */
  async lookAhead(options: CallOptions): Promise<void> {
    this.#lookup ??= this.#find(options)
    await this.#lookup.catch(() => undefined)
  }

  /** One request in the life of the process when the volume exists. Callers share the work; it is given up when the last one is aborted. */
  async mount(executorId: ExecutorId, { signal, onMessage }: PullOptions): Promise<ToolsMount> {
    if (this.#flight === undefined) {
      const abort = new AbortController()
      const mount = this.#obtain(executorId, { onMessage, signal: abort.signal })
      this.#flight = { mount, abort, waiting: 0 }
    }
    const flight = this.#flight
    flight.waiting++
    try {
      return await abortable(flight.mount, signal)
    } catch (error) {
      if (flight.waiting === 1) flight.abort.abort()
      // The next caller begins anew after a failure.
      if (!signal?.aborted || flight.waiting === 1) this.#flight = undefined
      throw error
    } finally {
      flight.waiting--
    }
  }

  /** For a volume that turned out to be empty: another process has just made it, or was killed in between. */
  async repair(executorId: ExecutorId, options: PullOptions): Promise<void> {
    const image = await obtainToolsImage(this.#parts, options)
    const mount = await this.mount(executorId, options)
    await this.#fill(mount, image.reference, executorId)
  }

  async #obtain(executorId: ExecutorId, options: PullOptions): Promise<ToolsMount> {
    const { client, settings, owner, clock } = this.#parts
    const lookup = this.#lookup ?? this.#find(options)
    // It may be gone, or there, the next time.
    this.#lookup = undefined
    const name = await lookup
    const labels = {
      [label.agola]: 'true',
      [label.tools]: 'true',
      [label.toolsImage]: settings.image,
      [label.executorsGroupId]: owner.executorsGroupId,
      [label.created]: seconds(clock.now()),
    }
    if (name !== null) return { volume: name, labels }
    const image = await obtainToolsImage(this.#parts, options)
    const mount = { volume: `agola-tools-${image.digest}-${client.engine.version.arch}`, labels }
    await client.json('POST', '/volumes/create', { body: { Name: mount.volume, Labels: labels } })
    await this.#fill(mount, image.reference, executorId)
    return mount
  }

  async #find({ signal }: CallOptions): Promise<string | null> {
    const { client, settings } = this.#parts
    const filters = { label: [`${label.tools}=true`, `${label.toolsImage}=${settings.image}`] }
    const answer = (await client.json('GET', '/volumes', { query: { filters }, signal })) as {
      Volumes?: { Name?: unknown }[] | null
    }
    const name = answer.Volumes?.[0]?.Name
    return typeof name === 'string' ? name : null
  }

  /** Copies the image's /bin into the volume when that is empty. The helper belongs to a pod of its own, so that a sweep finds it. */
  async #fill({ volume, labels }: ToolsMount, image: string, executorId: ExecutorId): Promise<void> {
    const { client, clock, random } = this.#parts
    const body = {
      Image: image,
      Entrypoint: ['/bin/busybox', 'true'],
      Cmd: [],
      NetworkDisabled: true,
      Labels: {
        ...labels,
        [label.executorId]: executorId,
        [label.podId]: random.uuid(),
        [label.expires]: seconds(clock.now() + podAgeMsMax),
      },
      HostConfig: {
        Mounts: [{ Type: 'volume', Source: volume, Target: '/bin' }],
        LogConfig: { Type: 'none', Config: {} },
      },
    }
    const created = await client.json('POST', '/containers/create', { body })
    const id = String((created as { Id?: unknown }).Id)
    try {
      // Docker copies when it creates the container, Podman when it first starts one.
      if (client.engine.version.product === 'Podman') {
        await client.json('POST', `/containers/${id}/start`)
        await client.json('POST', `/containers/${id}/wait`)
      }
    } finally {
      await this.#removeHelper(id)
    }
  }

  async #removeHelper(id: string): Promise<void> {
    try {
      await this.#parts.client.json('DELETE', `/containers/${id}`, { query: { force: true } })
    } catch (error) {
      if (!hasStatus(error, 404, 409)) throw error
    }
  }
}
