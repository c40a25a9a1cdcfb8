/** A kind of data. The order of the list given at the start is the order of an export. */
export interface DataType {
  name: string
  indexes?: readonly DataIndex[]
}

/** A compact second family of files, sorted by keys of its own and kept up to date with the entries (spec/storage.md 13.5, rule 12). Lists of
 *  it read neither the entries nor more of the index than they show. */
export interface DataIndex {
  /** Unique among all data types and indexes; letters, digits, dashes. */
  name: string
  /** Raise it when `entriesOf` gives something else than before: the next checkpoint makes the index again. */
  version: number
  /** The index entries of one entry. Every key must hold the entry's id, so that no two entries have the same. Must be pure. */
  entriesOf(id: string, data: Uint8Array): readonly IndexEntry[]
}

export interface IndexEntry {
  key: string
  data: Uint8Array
}

/** An entry as lists give it. */
export interface DataEntry {
  id: string
  data: Uint8Array
}

/** An entry of an index as lists give it: `owner` is the id of the entry that it was made from. */
export interface OwnedEntry extends DataEntry {
  owner: string
}
