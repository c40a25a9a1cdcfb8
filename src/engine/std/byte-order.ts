const beyondSurrogates = /[\ud800-\uffff]/

/** Order of the UTF-8 bytes of two strings; JavaScript's own order differs above U+D7FF. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  if (!beyondSurrogates.test(a) || !beyondSurrogates.test(b)) return a < b ? -1 : 1
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
