import { charge, fail } from './machine.ts'
import type { Place } from './source.ts'

/** Longest array that a program may build: beyond it, an allocation could end the process. */
const arrayLengthMax = 1 << 23
/** Longest string, in UTF-16 units, for the same reason. */
const stringLengthMax = 1 << 25

/** Accounts for a string that the program made, and refuses one that is too long. */
export function sized(text: string, place?: Place): string {
  checkStringLength(text.length, place)
  if (text.length > 1024) charge(text.length)
  return text
}

export function checkStringLength(length: number, place?: Place): void {
  if (length > stringLengthMax) fail(`String longer than ${stringLengthMax}`, place)
}

/** To be asked before an array is made whose length the program decides. */
export function checkArrayLength(length: number, place?: Place): void {
  if (length > arrayLengthMax) fail(`Array longer than ${arrayLengthMax}`, place)
  if (length > 1024) charge(length * 8)
}
