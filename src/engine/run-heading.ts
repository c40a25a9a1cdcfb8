import type { Snapshot } from './snapshot/snapshot.ts'

type Source = Pick<Snapshot, 'ref' | 'commitSha' | 'dirty'>

/** The first line that is told: that the run is local, and of what. What is told before the engine is known comes below it. */
export class RunHeading {
  readonly #source: Source
  readonly #tell: (text: string) => void
  #isShown = false

  constructor(source: Source, tell: (text: string) => void) {
    this.#source = source
    this.#tell = tell
  }

  readonly notice = (text: string): void => {
    this.show()
    this.#tell(text)
  }

  show(): void {
    if (!this.#isShown) this.#tell(`local run of ${describeSource(this.#source)}`)
    this.#isShown = true
  }

  /** With what runs it, in the same line where that is the first. */
  showWith(engine: string): void {
    this.#tell(this.#isShown ? engine : `local run of ${describeSource(this.#source)}, ${engine}`)
    this.#isShown = true
  }
}

function describeSource({ ref, commitSha, dirty }: Source): string {
  const name = ref.ref.replace(/^refs\/(heads|tags)\//, '')
  const at = commitSha === '' ? '' : ` at ${commitSha.slice(0, 8)}`
  return `${name}${at}${dirty ? ' with uncommitted changes' : ''}`
}
