import { DataManager } from '../datamanager/data-manager.ts'
import type { RunConfigId, RunId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunConfig } from '../model/run-config.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare } from '../ports/key-value-store.ts'
import type { RunList, RunQuery, RunSummary } from '../ports/run-service.ts'
import type { LoopService } from '../std/run-loop.ts'
import type { RunArchive } from './run-archive.ts'
import {
  afterKey,
  decodeRunData,
  decodeSummary,
  listPrefix,
  numberPrefix,
  runDataTypes,
  runIndex,
} from './run-index.ts'
import type { RunServiceOptions } from './run-service-options.ts'
import { listOf, matchesQuery } from './run-summary.ts'

const pageEntriesMax = 200

/** Run configs and archived runs in the data manager. */
export class DataRunArchive implements RunArchive {
  readonly maintenance: LoopService
  readonly data: DataManager

  constructor(data: DataManager) {
    this.data = data
    this.maintenance = data.maintenance
  }

  /** Over the same stores as the run service. */
  static async open(
    stores: Pick<RunServiceOptions, 'kv' | 'objects' | 'clock' | 'random' | 'log'>,
    options: CallOptions = {},
  ): Promise<DataRunArchive> {
    const data = await DataManager.open({ ...stores, basePath: 'rundata', dataTypes: runDataTypes }, options)
    return new DataRunArchive(data)
  }

  /** What was written last is brought to the object storage first: all of it can then be read from there, should the key-value store be lost. */
  async close(): Promise<void> {
    try {
      await this.data.sync()
    } finally {
      await this.data.close()
    }
  }

  async putRunConfig(config: RunConfig, options?: CallOptions): Promise<void> {
    await this.#put('runconfig', config, options)
  }

  async getRunConfig(id: RunConfigId, options?: CallOptions): Promise<RunConfig | null> {
    const data = await this.data.find('runconfig', id, options)
    return data === null ? null : (JSON.parse(Buffer.from(data).toString()) as RunConfig)
  }

  async putRun(run: Run, options?: CallOptions): Promise<void> {
    await this.#put('run', run, options)
  }

  async getRun(id: RunId, options?: CallOptions): Promise<Run | null> {
    const data = await this.data.find('run', id, options)
    return data === null ? null : decodeRunData(data)
  }

  async findRun(root: string, counter: number, options?: CallOptions): Promise<RunId | null> {
    const prefix = numberPrefix(root, counter)
    const [entry] = await this.data.listIndex(runIndex, { ...options, prefix, limit: 1 })
    return entry?.owner ?? null
  }

  async listRuns(query: RunQuery, options: CallOptions = {}): Promise<RunList> {
    const groups = query.groups ?? [undefined]
    const prefixes = new Set(groups.map(listPrefix))
    const found = await Promise.all([...prefixes].map((prefix) => this.#listPart(prefix, query, options)))
    return listOf(found.flat(), query)
  }

  async deleteRun(
    { id, runConfigId }: Pick<Run, 'id' | 'runConfigId'>,
    options: CallOptions & { compare?: Compare[] } = {},
  ): Promise<void> {
    const config = { type: 'delete', dataType: 'runconfig', id: runConfigId } as const
    await this.data.write([{ type: 'delete', dataType: 'run', id }, config], options)
  }

  /** One run more than asked for, when there is one. */
  async #listPart(prefix: string, query: RunQuery, options: CallOptions): Promise<RunSummary[]> {
    const wanted = query.limit === undefined ? Number.POSITIVE_INFINITY : query.limit + 1
    const isFiltered = (query.phases ?? query.results ?? query.ref) !== undefined
    const limit = isFiltered ? pageEntriesMax : Math.min(pageEntriesMax, wanted)
    const found: RunSummary[] = []
    for (let after = afterKey(prefix, query); ; ) {
      const page = { ...options, prefix, limit, descending: query.ascending !== true, ...(after && { after }) }
      const entries = await this.data.listIndex(runIndex, page)
      found.push(...entries.map((entry) => decodeSummary(entry.data)).filter((run) => matchesQuery(run, query)))
      after = entries.at(-1)?.id
      if (found.length >= wanted || entries.length < limit || after === undefined) return found.slice(0, wanted)
    }
  }

  async #put(dataType: string, document: Run | RunConfig, options: CallOptions = {}): Promise<void> {
    const data = Buffer.from(JSON.stringify(document))
    await this.data.write([{ type: 'put', dataType, id: document.id, data }], options)
  }
}
