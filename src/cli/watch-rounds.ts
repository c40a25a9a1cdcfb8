import { AgolaError, messageOf } from '../engine/model/errors.ts'
import { cleanName } from '../views/clean-text.ts'
import { exitCodes } from './exit-code.ts'

export interface WatchRoundsOptions {
  /** Paths that have changed since the call before. */
  next: () => Promise<string[]>
  /** One round; stops when the signal aborts. Gives its exit code. `again` asks for another one, of everything; `quit` for none. */
  round: (options: { signal: AbortSignal; all: boolean; again: () => void; quit: () => void }) => Promise<number>
  /** Paths that a round writes by itself. */
  ownPaths: ReadonlySet<string>
  /** While nothing runs: a key, or a number to end with. Aborting the signal gives the keys back. */
  wait: (signal: AbortSignal) => Promise<'run' | 'quit' | number>
  tell: (text: string) => void
}

const pathsNamedMax = 3

/** Runs again whenever something changes, until a person quits. Gives the exit code of the last round, or of the signal. */
export async function watchRounds({ next, round, ownPaths, wait, tell }: WatchRoundsOptions): Promise<number> {
  // Looked again at the next change: a tree that is being written can be unreadable for a moment.
  const onTrouble = (error: unknown): string[] => {
    tell(`agola: ${messageOf(error)}`)
    return []
  }
  const nextOfOthers = async (): Promise<string[]> => {
    for (;;) {
      const paths = (await next().catch(onTrouble)).filter((path) => !ownPaths.has(path))
      if (paths.length > 0) return paths
    }
  }
  let change = nextOfOthers()
  for (let all = true; ; ) {
    const stop = new AbortController()
    const asked = Promise.withResolvers<'again' | 'quit'>()
    const running = round({
      ...{ signal: stop.signal, all },
      again: () => asked.resolve('again'),
      quit: () => asked.resolve('quit'),
    })
    const first = await Promise.race([running, change, asked.promise])
    if (typeof first !== 'number') {
      const why = typeof first !== 'string' ? `${namesOf(first)} changed` : first === 'again' ? 'run again' : 'quit'
      stop.abort(new AgolaError('outcomeUnknown', `stopping: ${why}`))
      const exitCode = await running
      if (exitCode >= exitCodes.hangup || first === 'quit') return exitCode
      if (first !== 'again') change = nextOfOthers()
      all = first === 'again'
      tell(`agola: ${why}`)
      continue
    }
    if (first >= exitCodes.hangup) return first
    const idle = new AbortController()
    const event = await Promise.race([change, wait(idle.signal)]).finally(() => idle.abort())
    if (typeof event === 'number') return event
    if (event === 'quit') return first
    all = event === 'run'
    if (event !== 'run') change = nextOfOthers()
    tell(event === 'run' ? 'agola: run again' : `agola: ${namesOf(event)} changed`)
  }
}

function namesOf(paths: readonly string[]): string {
  const named = paths.slice(0, pathsNamedMax).map(cleanName)
  const more = paths.length - named.length
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`
}
