import type { EvaluateOptions, JsonValue, NativeFunction } from './evaluation.ts'
import type { Files } from './files.ts'
import { fail, machine } from './machine.ts'
import { compactText } from './manifest-json.ts'
import type { Program } from './program.ts'
import { define } from './std/define.ts'
import { fromJson } from './std/parsing.ts'
import { didYouMean } from './suggest.ts'
import { JsonnetFunction, type Thunk, type Value } from './values.ts'

/** What the options give to a program. */
export function hostProgram(options: EvaluateOptions, files: Files): Program {
  const { externalVariables = {}, nativeFunctions = {} } = options
  const codes = new Map<string, Thunk>()
  return {
    importFile: (node, place) => files.import(node, place),
    externalVariable(name) {
      const binding = Object.hasOwn(externalVariables, name) ? externalVariables[name] : undefined
      if (binding === undefined) {
        return fail(`Undefined external variable: ${name}`, undefined, didYouMean(name, Object.keys(externalVariables)))
      }
      if ('text' in binding) return binding.text
      const code = codes.get(name) ?? files.compile(`<extvar:${name}>`, binding.code)
      codes.set(name, code)
      return code.force()
    },
    nativeFunction(name) {
      const native = Object.hasOwn(nativeFunctions, name) ? nativeFunctions[name] : undefined
      return native === undefined ? null : wrap(native)
    },
    trace(text) {
      const position = machine.places[machine.top - 1]?.position()
      options.trace?.(`TRACE: ${position?.file ?? ''}:${position?.line ?? 0} ${text}`)
    },
  }
}

function wrap(native: NativeFunction): JsonnetFunction {
  const call = (...args: Value[]): Value => {
    const plain = args.map((arg) => JSON.parse(compactText(arg)) as JsonValue)
    try {
      return fromJson(native.call(...plain))
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error))
    }
  }
  return new JsonnetFunction(define(native.parameters.join(' '), call), [])
}
