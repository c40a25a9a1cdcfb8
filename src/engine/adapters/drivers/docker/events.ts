import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { EngineClient } from './client.ts'
import { jsonLines } from './json-lines.ts'
import { label } from './labels.ts'

export interface ContainerEvent {
  containerId: string
  action: 'oom' | 'die' | 'destroy'
  exitCode: number | null
}

export interface ContainerListener {
  onEvent(event: ContainerEvent): void
  /** The stream broke: events may have been missed. */
  onGap(): void
}

const reconnectMs = 500

/** One stream of container events for all pods of a driver. It is open while somebody listens, and reopened when it breaks. */
export class EngineEvents {
  readonly #client: EngineClient
  readonly #executorsGroupId: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #listeners = new Map<string, ContainerListener>()
  #stop: AbortController | undefined
  #opened: Promise<void> | undefined

  constructor(client: EngineClient, executorsGroupId: string, clock: Clock, log: Log) {
    this.#client = client
    this.#executorsGroupId = executorsGroupId
    this.#clock = clock
    this.#log = log
  }

  /** Resolves when every later event will be seen, or when that cannot be had now. */
  open(): Promise<void> {
    if (this.#opened === undefined) {
      const stop = new AbortController()
      this.#stop = stop
      const opened = Promise.withResolvers<void>()
      this.#opened = opened.promise
      void this.#follow(stop.signal, opened.resolve)
    }
    return this.#opened
  }

  listen(containerId: string, listener: ContainerListener): void {
    this.#listeners.set(containerId, listener)
  }

  unlisten(containerId: string): void {
    this.#listeners.delete(containerId)
  }

  close(): void {
    this.#stop?.abort()
    this.#stop = undefined
    this.#opened = undefined
  }

  async #follow(signal: AbortSignal, opened: () => void): Promise<void> {
    while (!signal.aborted) {
      try {
        const filters = {
          type: ['container'],
          event: ['oom', 'die', 'destroy'],
          label: [`${label.executorsGroupId}=${this.#executorsGroupId}`],
        }
        const stream = await this.#client.stream('GET', '/events', { query: { filters }, signal })
        opened()
        await this.#read(stream)
      } catch (error) {
        if (!signal.aborted) this.#log.debug('the stream of engine events broke', { error: String(error) })
      }
      opened()
      if (signal.aborted) return
      for (const listener of this.#listeners.values()) listener.onGap()
      await this.#clock.sleep(reconnectMs, signal).catch(() => undefined)
    }
  }

  async #read(stream: IncomingMessage): Promise<void> {
    // An idle stream of events is no reason to keep the process alive.
    stream.socket.unref()
    for await (const value of jsonLines(stream)) {
      const event = toContainerEvent(value)
      if (event !== null) this.#listeners.get(event.containerId)?.onEvent(event)
    }
  }
}

/** An element of `GET /events`; null for what is none of ours. */
export function toContainerEvent(value: Record<string, unknown>): ContainerEvent | null {
  const { Action, Actor } = value as {
    Action?: unknown
    Actor?: { ID?: unknown; Attributes?: Record<string, unknown> }
  }
  const action = Action === 'died' ? 'die' : Action === 'remove' ? 'destroy' : Action
  if (action !== 'oom' && action !== 'die' && action !== 'destroy') return null
  if (typeof Actor?.ID !== 'string') return null
  const exitCode = Number(Actor.Attributes?.exitCode ?? Actor.Attributes?.containerExitCode)
  return { containerId: Actor.ID, action, exitCode: action === 'die' && Number.isInteger(exitCode) ? exitCode : null }
}
