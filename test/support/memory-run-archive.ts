import { AgolaError } from '../../src/engine/model/errors.ts'
import type { Run } from '../../src/engine/model/run.ts'
import type { RunConfig } from '../../src/engine/model/run-config.ts'
import type { Compare, KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import type { RunList, RunQuery } from '../../src/engine/ports/run-service.ts'
import type { RunArchive } from '../../src/engine/runservice/run-archive.ts'
import { rootOf } from '../../src/engine/runservice/run-group.ts'
import { listOf, summaryOf } from '../../src/engine/runservice/run-summary.ts'

/** Archived runs in maps, for tests. */
export class MemoryRunArchive implements RunArchive {
  readonly runs = new Map<string, Run>()
  readonly runConfigs = new Map<string, RunConfig>()
  readonly #kv: KeyValueStore

  /** The key-value store for the conditions of deletions. */
  constructor(kv: KeyValueStore) {
    this.#kv = kv
  }

  async putRunConfig(config: RunConfig): Promise<void> {
    this.runConfigs.set(config.id, structuredClone(config))
  }

  async getRunConfig(id: string): Promise<RunConfig | null> {
    return structuredClone(this.runConfigs.get(id) ?? null)
  }

  async putRun(run: Run): Promise<void> {
    this.runs.set(run.id, structuredClone(run))
  }

  async getRun(id: string): Promise<Run | null> {
    return structuredClone(this.runs.get(id) ?? null)
  }

  async findRun(root: string, counter: number): Promise<string | null> {
    const found = [...this.runs.values()].find((run) => rootOf(run.group) === root && run.counter === counter)
    return found?.id ?? null
  }

  async deleteRun(
    { id, runConfigId }: Pick<Run, 'id' | 'runConfigId'>,
    { compare = [] }: { compare?: Compare[] } = {},
  ): Promise<void> {
    if (!(await this.#kv.txn({ compare, then: [] })).succeeded) throw new AgolaError('concurrentUpdate', 'it changed')
    this.runs.delete(id)
    this.runConfigs.delete(runConfigId)
  }

  async listRuns(query: RunQuery): Promise<RunList> {
    return listOf([...this.runs.values()].map(summaryOf), query)
  }
}
