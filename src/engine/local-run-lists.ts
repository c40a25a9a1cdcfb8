import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from './adapters/system.ts'
import { readRepositoryRecord } from './local/repository-record.ts'
import { openRunsOf } from './local-runs.ts'
import { messageOf } from './model/errors.ts'
import { isRunFinished } from './model/run.ts'
import { type Local, openLocal } from './open-local.ts'
import type { RunList, RunSummary } from './ports/run-service.ts'
import type { RunsQuery } from './ports/runs.ts'
import { repoUuidOf } from './repository-id.ts'
import { Limit } from './std/limit.ts'

export interface LocalRun extends RunSummary {
  repoUuid: string
  /** Where the repository was seen last; null: not known. */
  workTree: string | null
}

export interface LocalRunListsRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Of every repository of this machine, not only the one around the directory. */
  all: boolean
  /** A repository that cannot be looked at hides no other. */
  onNotice: (text: string) => void
}

interface Look extends RunList {
  workTree: string | null
  stamp: string
  atMs: number
}

const looksMax = 4
/** Runs under way whose process died change nothing by themselves: they are looked at again after this time. */
const lookAgainMs = 10_000

/** Runs of repositories on this machine, newest first, to be listed again and again: only stores that have changed are opened. */
export class LocalRunLists {
  readonly #local: Local
  /** null: all of them. */
  readonly #repoUuid: string | null
  readonly #onNotice: (text: string) => void
  readonly #looks = new Map<string, Look>()
  readonly #limit = new Limit(looksMax)
  readonly #told = new Set<string>()

  private constructor(local: Local, repoUuid: string | null, onNotice: (text: string) => void) {
    this.#local = local
    this.#repoUuid = repoUuid
    this.#onNotice = onNotice
  }

  /** `notAGitRepository` unless all are meant. */
  static async open({ directory, environment, all, onNotice }: LocalRunListsRequest): Promise<LocalRunLists> {
    const local = await openLocal(directory, environment)
    return new LocalRunLists(local, all ? null : await repoUuidOf(directory, environment), onNotice)
  }

  /** The same query each time. Runs whose process died without a word are closed as interrupted first. `storeUnusable` for a single
   *  repository; of all of them those that cannot be looked at are told once. */
  async list(query: RunsQuery): Promise<{ runs: LocalRun[]; more: boolean }> {
    const repoUuids = this.#repoUuid === null ? await this.#repositories() : [this.#repoUuid]
    const lists = await Promise.all(repoUuids.map((repoUuid) => this.#limit.run(() => this.#listOf(repoUuid, query))))
    const runs = lists.flatMap(({ runs }) => runs)
    // Those of one repository are in their order already, which a clock that was set back must not change.
    if (lists.length > 1) runs.sort((a, b) => (b.enqueueTime ?? 0) - (a.enqueueTime ?? 0))
    return { runs: runs.slice(0, query.limit), more: runs.length > query.limit || lists.some(({ more }) => more) }
  }

  async #listOf(repoUuid: string, query: RunsQuery): Promise<{ runs: LocalRun[]; more: boolean }> {
    try {
      const { runs, more, workTree } = await this.#lookAt(repoUuid, query)
      return { runs: runs.map((run) => ({ ...run, repoUuid, workTree })), more }
    } catch (error) {
      if (this.#repoUuid !== null) throw error
      const text = `the runs of repository ${repoUuid} cannot be listed: ${messageOf(error)}`
      if (!this.#told.has(text)) this.#onNotice(text)
      this.#told.add(text)
      return { runs: [], more: false }
    }
  }

  async #lookAt(repoUuid: string, query: RunsQuery): Promise<Look> {
    const known = this.#looks.get(repoUuid)
    if (known !== undefined && known.stamp === (await this.#stampOf(repoUuid)) && !isOld(known)) return known
    const { runs, close } = await openRunsOf(this.#local, { repoUuid, approver: '' })
    const list = await runs.list(query).finally(close)
    const record = await readRepositoryRecord(this.#local.directories.state, repoUuid)
    // Afterwards: opening a store that nobody else has open changes its files.
    const stamp = await this.#stampOf(repoUuid)
    const look = { ...list, workTree: record?.workTrees[0] ?? null, stamp, atMs: systemClock.monotonicMs() }
    this.#looks.set(repoUuid, look)
    return look
  }

  /** Another one once somebody has written to the store. */
  async #stampOf(repoUuid: string): Promise<string> {
    // Pins are no part of the database.
    const names = ['store.sqlite', 'store.sqlite-wal', 'objects/data/pins']
    const files = names.map((name) => join(this.#directory, repoUuid, name))
    const facts = await Promise.all(files.map((file) => stat(file, { bigint: true }).catch(() => null)))
    return facts.map((fact) => (fact === null ? '' : `${fact.ino} ${fact.size} ${fact.mtimeNs}`)).join('/')
  }

  /** Those with a store. */
  async #repositories(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const hasStore = (name: string) =>
      stat(join(this.#directory, name, 'store.sqlite')).then(
        () => true,
        () => false,
      )
    const found = await Promise.all(names.map(async (name) => ((await hasStore(name)) ? [name] : [])))
    return found.flat().sort()
  }

  get #directory(): string {
    return join(this.#local.directories.state, 'repos')
  }
}

function isOld({ runs, atMs }: Look): boolean {
  return runs.some(({ phase }) => !isRunFinished(phase)) && systemClock.monotonicMs() - atMs >= lookAgainMs
}
