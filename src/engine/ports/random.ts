/** All chance in the engine: ids and jitter. Simulated runs seed it. */
export interface Random {
  /** A uuid, version 4. */
  uuid(): string
  /** At least 0, less than 1. */
  fraction(): number
}
