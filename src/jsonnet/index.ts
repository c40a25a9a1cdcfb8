/** A Jsonnet evaluator: the language and the standard library of go-jsonnet 0.21, contained. */
export { evaluate } from './evaluate.ts'
export type * from './evaluation.ts'
