/** What a pull's progress stream says so far, as lines for people, at most one in `lineIntervalMs`. */
export class PullProgress {
  readonly #image: string
  readonly #layers = new Map<string, { currentBytes: number; totalBytes: number; isDone: boolean }>()
  #lastLineMs: number
  #lastLine = ''

  constructor(image: string, nowMs: number) {
    this.#image = image
    this.#lastLineMs = nowMs
  }

  /** A line, when it is time for one and there is news. */
  feed(message: Record<string, unknown>, nowMs: number): string | null {
    const { id, status, progressDetail } = message
    if (typeof id !== 'string' || typeof status !== 'string') return null
    this.#update(id, status, (progressDetail ?? {}) as { current?: unknown; total?: unknown })
    if (nowMs - this.#lastLineMs < lineIntervalMs) return null
    const line = this.#line()
    if (line === this.#lastLine) return null
    this.#lastLine = line
    this.#lastLineMs = nowMs
    return line
  }

  #update(id: string, status: string, { current, total }: { current?: unknown; total?: unknown }): void {
    if (status.startsWith('Pulling from')) return
    const layer = this.#layers.get(id) ?? { currentBytes: 0, totalBytes: 0, isDone: false }
    this.#layers.set(id, layer)
    if (status === 'Downloading' && typeof current === 'number') {
      layer.currentBytes = current
      if (typeof total === 'number') layer.totalBytes = total
    }
    if (/^(Download complete|Pull complete|Already exists)$/.test(status)) layer.currentBytes = layer.totalBytes
    if (/^(Pull complete|Already exists)$/.test(status)) layer.isDone = true
  }

  #line(): string {
    const layers = [...this.#layers.values()]
    const done = layers.filter((layer) => layer.isDone).length
    const currentBytes = layers.reduce((sum, layer) => sum + layer.currentBytes, 0)
    const totalBytes = layers.reduce((sum, layer) => sum + layer.totalBytes, 0)
    const bytes = totalBytes === 0 ? '' : `${megabytes(currentBytes)} of ${megabytes(totalBytes)}, `
    return `pulling ${this.#image}: ${bytes}${done} of ${layers.length} layers`
  }
}

export const lineIntervalMs = 1000

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
