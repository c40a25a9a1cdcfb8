import { AgolaError } from '../model/errors.ts'
import type { RunId } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Source, SourceProvider, SourceRequest } from '../ports/source-provider.ts'
import type { Snapshot } from './snapshot.ts'

/** Gives each run the tree that was saved when it was started. */
export class SnapshotSources implements SourceProvider {
  readonly #snapshots = new Map<RunId, Snapshot>()

  /** Several runs may share a snapshot. */
  register(runId: RunId, snapshot: Snapshot): void {
    this.#snapshots.set(runId, snapshot)
  }

  /** Of a run that has finished. The snapshot stays open: its owner closes it. */
  unregister(runId: RunId): void {
    this.#snapshots.delete(runId)
  }

  async openSource({ runId, ...request }: SourceRequest, options: CallOptions = {}): Promise<Source> {
    const snapshot = this.#snapshots.get(runId)
    if (snapshot === undefined) {
      throw new AgolaError('snapshotFailed', `The run ${runId} has no snapshot to clone. Start it from a new snapshot.`)
    }
    return await snapshot.openSource(request, options)
  }
}
