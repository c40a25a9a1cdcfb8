import type { Random } from '../../src/engine/ports/random.ts'

/** Repeats itself: the same seed gives the same ids and fractions. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  fraction(): number {
    // mulberry32: small, and good enough for choosing what happens next.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.fraction() * 16).toString(16)).join('')
    const variant = '89ab'[Math.floor(this.fraction() * 4)]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  /** An integer of 0 … `below` − 1. */
  below(below: number): number {
    return Math.floor(this.fraction() * below)
  }
}
