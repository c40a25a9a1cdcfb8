/** A Jsonnet evaluator: the language and the standard library of go-jsonnet 0.21, contained. */
export { evaluate } from './evaluate.ts'
export type * from './evaluation.ts'
export { defaultLimits, JsonnetPool, type PoolSettings } from './pool.ts'
export type { PoolOptions } from './pool-options.ts'
export { presentError } from './present-error.ts'
