import { isSequence, type Sequence } from './sequence.ts'

/** Names in the key-value store. `prefix` ends with a slash. */
export class StoreKeys {
  /** The last committed wal. Absent: not initialised. */
  readonly walsData: string
  readonly walPrefix: string
  /** The last wal that object storage has. */
  readonly storedWal: string
  /** The snapshot that readers use. */
  readonly pointer: string
  readonly checkpointSequence: string
  readonly changeGroupPrefix: string
  readonly leader: string
  /** Another value each time that objects are about to be collected. */
  readonly collection: string
  /** Snapshots that somebody is reading for long. */
  readonly pinPrefix: string

  constructor(prefix: string) {
    this.walsData = `${prefix}walsdata`
    this.walPrefix = `${prefix}wals/`
    this.storedWal = `${prefix}lastcommittedstoragewalseq`
    this.pointer = `${prefix}snapshot`
    this.checkpointSequence = `${prefix}checkpointseq`
    this.changeGroupPrefix = `${prefix}changegroups/`
    this.leader = `${prefix}leader`
    this.collection = `${prefix}collection`
    this.pinPrefix = `${prefix}pins/`
  }

  wal(sequence: Sequence): string {
    return this.walPrefix + sequence
  }
}

/** Names in object storage (spec/storage.md 5.2). `basePath` is '' or has no slash at its end. */
export class ObjectKeys {
  readonly walDataPrefix: string
  readonly walHeaderPrefix: string
  readonly dataPrefix: string

  constructor(basePath: string) {
    const base = basePath === '' ? '' : `${basePath}/`
    this.walDataPrefix = `${base}wals/data/`
    this.walHeaderPrefix = `${base}wals/status/`
    this.dataPrefix = `${base}data/`
  }

  walData(fileId: string): string {
    return this.walDataPrefix + fileId
  }

  walHeader(sequence: Sequence): string {
    return `${this.walHeaderPrefix}${sequence}.committed`
  }

  /** null for other objects, such as the `.checkpointed` ones of old stores. */
  sequenceOfHeader(key: string): Sequence | null {
    return sequenceIn(key, this.walHeaderPrefix, '.committed')
  }

  status(sequence: Sequence): string {
    return `${this.dataPrefix}${sequence}.status`
  }

  sequenceOfStatus(key: string): Sequence | null {
    return sequenceIn(key, this.dataPrefix, '.status')
  }

  dataFile(set: string, fileId: string): string {
    return `${this.dataPrefix}${set}/${fileId}.data`
  }

  indexFile(set: string, fileId: string): string {
    return `${this.dataPrefix}${set}/${fileId}.index`
  }

  /** The snapshot that made this data file or index; null for other objects. */
  sequenceOfFile(key: string): Sequence | null {
    const name = key.slice(key.lastIndexOf('/') + 1)
    const sequence = name.slice(0, 27)
    return isSequence(sequence) ? sequence : null
  }
}

function sequenceIn(key: string, prefix: string, suffix: string): Sequence | null {
  if (!key.startsWith(prefix) || !key.endsWith(suffix)) return null
  const sequence = key.slice(prefix.length, -suffix.length)
  return isSequence(sequence) ? sequence : null
}
