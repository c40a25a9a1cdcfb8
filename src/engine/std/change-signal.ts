/** Tells waiters that something under a name has changed. A waiter says which change it knows, so none is ever missed. */
export class ChangeSignal {
  readonly #versions = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()

  /** The number of changes so far. */
  version(name: string): number {
    return this.#versions.get(name) ?? 0
  }

  changed(name: string): void {
    this.#versions.set(name, this.version(name) + 1)
    const waiters = this.#waiters.get(name)
    this.#waiters.delete(name)
    for (const wake of waiters ?? []) wake()
  }

  changedAll(): void {
    for (const name of [...this.#waiters.keys()]) this.changed(name)
  }

  /** Resolves once there were more changes than `version`; rejects with the reason of `signal` when that comes first. */
  async after(name: string, version: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (this.version(name) > version) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiters = this.#waiters.get(name) ?? new Set()
    this.#waiters.set(name, waiters.add(resolve))
    const onAbort = () => {
      waiters.delete(resolve)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    await promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Forgets the count of a name nobody will ask for again. */
  forget(name: string): void {
    if (!this.#waiters.has(name)) this.#versions.delete(name)
  }
}
