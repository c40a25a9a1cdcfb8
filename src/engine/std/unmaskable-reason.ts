/** Shorter values are not masked: they would shred the log. */
export const maskedBytesMin = 4

/** Why a value is not masked in logs, null when it is: what is this short or this common stands in every log
 *  (spec/local-runs.md 7.3). */
export function unmaskableReason(value: string): string | null {
  const text = value.trim()
  if (text === '') return 'it is empty'
  if (Buffer.byteLength(text) < maskedBytesMin) return `it is shorter than ${maskedBytesMin} bytes`
  if (text === 'true' || text === 'false') return `it is "${text}"`
  return /^[0-9]{1,5}$/.test(text) ? 'it is a number of fewer than 6 digits' : null
}
