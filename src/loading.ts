import { constants, enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

/** Parts of Node that nearly every command uses; not those of which some versions say that they are experimental. */
const nodeParts = [
  'child_process',
  'crypto',
  'fs/promises',
  'http',
  'readline',
  'stream/consumers',
  'timers/promises',
  'tty',
]

let isKept = false
let underWay = 0

/** Lets Node keep what it compiles for the next process, in the directory that `NODE_COMPILE_CACHE` names or its usual one. */
export function keepCompiled(): void {
  const { ENABLED, ALREADY_ENABLED } = constants.compileCacheStatus
  const { status } = enableCompileCache(process.env.NODE_COMPILE_CACHE ?? undefined)
  isKept = status === ENABLED || status === ALREADY_ENABLED
  if (!isKept) return
  // They come compiled with Node, which counts only while its flags are as they were.
  for (const name of nodeParts) process.getBuiltinModule(`node:${name}`)
}

/** Loads modules so that all their functions are kept. Node keeps a module as it is once it is loaded: without this no function would be in it
 *  that is called later, and each process would compile it again. The build puts every `import()` of our own files into this. */
export async function loadWhole<Module>(load: () => Promise<Module>): Promise<Module> {
  if (!isKept) return await load()
  if (underWay++ === 0) setFlagsFromString('--no-lazy')
  try {
    return await load()
  } finally {
    if (--underWay === 0) setFlagsFromString('--lazy')
  }
}
