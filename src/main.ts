import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Root of the package, where package.json, the manifest and the templates lie. */
const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs one command line and leaves its exit code in `process.exitCode`. */
export async function start(argv: string[]): Promise<void> {
  enableCompileCache(process.env.NODE_COMPILE_CACHE ?? undefined)
  const { runCommandLine } = await import('./cli/command-line.ts')
  await runCommandLine(argv, root)
}
