/** A position in the history of a store: epoch and counter as text whose order is that of the numbers (spec/storage.md 3). The epoch
 *  changes when the key-value store was lost or the data was replaced, so later sequences sort after all earlier ones. */
export type Sequence = string & { readonly __sequence?: true }

const digits = 13
const pattern = /^([0-9a-v]{13})-([0-9a-v]{13})$/

export function sequenceOf(epoch: number, counter: number): Sequence {
  return `${pad(epoch)}-${pad(counter)}`
}

export function isSequence(text: string): text is Sequence {
  return pattern.test(text)
}

export function nextSequence(sequence: Sequence): Sequence {
  return sequenceOf(epochOf(sequence), counterOf(sequence) + 1)
}

/** Unix seconds of the moment the epoch began, or more when clocks went back. */
export function epochOf(sequence: Sequence): number {
  return Number.parseInt(sequence.slice(0, digits), 32)
}

/** 0 for the sequence that stands before the first one of its epoch. */
export function counterOf(sequence: Sequence): number {
  return Number.parseInt(sequence.slice(digits + 1), 32)
}

function pad(value: number): string {
  return value.toString(32).padStart(digits, '0')
}
