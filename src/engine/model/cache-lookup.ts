/** What a cache step asked for and what it got, kept with the step for people who wonder why (`agola cache explain`). Masked. */
export interface CacheLookup {
  /** As the config has it. */
  template: string
  /** What that was rendered to. */
  key: string
  /** Of a restore: `exact`, `prefix` (the newest cache that begins with the key) or `missing`. Of a save: `saved`,
   *  `existed`, or `refused` (a restore would refuse what was to be saved). */
  answer: 'exact' | 'prefix' | 'missing' | 'saved' | 'existed' | 'refused'
  /** The key of the cache that was found or saved, without the part that all caches of the group share; null when there is none. */
  entry: string | null
  /** Of the archive, where it is known. */
  sizeBytes: number | null
}

/** A step has a few keys; more than this is not kept. */
export const cacheLookupsMax = 20
export const cacheLookupCharsMax = 500
