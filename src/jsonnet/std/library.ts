import { type FunctionPlan, JsonnetFunction, type Value } from '../values.ts'
import { arrays } from './arrays.ts'
import { constantObject } from './define.ts'
import { encoding } from './encoding.ts'
import { folds } from './folds.ts'
import { manifests } from './manifests.ts'
import { math } from './math.ts'
import { objects } from './objects.ts'
import { parsing } from './parsing.ts'
import { sets } from './sets.ts'
import { strings } from './strings.ts'
import { types } from './types.ts'

export interface Library {
  builtins: ReadonlyMap<string, FunctionPlan>
  /** The value of `std` in a file. */
  object: (fileName: string) => Value
}

let library: Library | undefined

/** The standard library up to 0.21. Every function is native; all fields are hidden, as in the reference. */
export function standardLibrary(): Library {
  library ??= build()
  return library
}

function build(): Library {
  const definitions = {
    ...types,
    ...math,
    ...strings,
    ...arrays,
    ...folds,
    ...sets,
    ...objects,
    ...encoding,
    ...parsing,
    ...manifests,
  }
  const builtins = new Map(Object.entries(definitions))
  const fields: [string, Value][] = [...builtins].map(([name, plan]) => [name, new JsonnetFunction(plan, [])])
  const common = constantObject([...fields, ['pi', Math.PI]], 'hidden')
  return {
    builtins,
    object: (fileName) => common.extend(constantObject([['thisFile', fileName]], 'hidden')),
  }
}
