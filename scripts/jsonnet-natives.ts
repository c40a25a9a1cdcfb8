import type { NativeFunction } from '../src/jsonnet/index.ts'

/** The native functions that the reference's own test cases call. */
export const testNatives: Readonly<Record<string, NativeFunction>> = {
  jsonToString: { parameters: ['x'], call: (x) => JSON.stringify(x) },
  nativeError: { parameters: [], call: () => refuse('native function error') },
  nativePanic: { parameters: [], call: () => refuse('native function panic') },
  nativeConcat: { parameters: ['a', 'b'], call: (a, b) => String(a) + String(b) },
}

function refuse(message: string): never {
  throw new Error(message)
}
