import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { keepCompiled } from './loading.ts'

// The build has all files load others with it.
export { loadWhole } from './loading.ts'

/** Root of the package, where package.json, the manifest and the templates lie. */
const root = fileURLToPath(new URL('..', import.meta.url))
const helpWidth = 80

/** Runs one command line and leaves its exit code in `process.exitCode`. */
export async function start(argv: string[]): Promise<void> {
  const page = pageOf(argv)
  if (page !== null) {
    return await show(page)
  }
  await followParent()
  if (!process.env.HOME) giveHome()
  keepCompiled()
  const [{ runCommandLine }, { commands }] = await Promise.all([
    import('./cli/command-line.ts'),
    import('./commands.ts'),
  ])
  await runCommandLine(argv, { root, commands })
}

/** Where an older Node started this one (`bin/older-node.js`). */
async function followParent(): Promise<void> {
  const descriptor = process.env.AGOLA_PARENT_FD
  if (descriptor === undefined) return
  delete process.env.AGOLA_PARENT_FD
  if (!/^\d+$/.test(descriptor)) return
  const { hangUpWithParent } = await import('./cli/parent-end.ts')
  hangUpWithParent(Number(descriptor))
}

/** What tells why it cannot be written is loaded only then. */
async function show(page: string): Promise<void> {
  process.stdout.on('error', () => undefined)
  const error = await new Promise<unknown>((resolve) => process.stdout.write(page, resolve))
  if (!(error instanceof Error)) return
  const { reportUnwritten } = await import('./cli/command-line.ts')
  reportUnwritten(error)
}

/** Libraries ask for it while they are loaded. A user whom this machine does not know, as often inside a container, has none. */
function giveHome(): void {
  try {
    homedir()
  } catch {
    process.env.HOME = '/'
  }
}

/** Version and general help are texts: they are shown without loading the program. null: not such a page. */
function pageOf(argv: readonly string[]): string | null {
  if (argv.length > 1) return null
  if (argv[0] === '--version') {
    const { name, version }: { name: string; version: string } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
    return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`
  }
  const { isTTY, columns = helpWidth } = process.stdout
  if ((argv[0] !== undefined && argv[0] !== '--help' && argv[0] !== '-h') || (isTTY && columns < helpWidth)) return null
  try {
    return readFileSync(`${root}dist/help.txt`, 'utf8')
  } catch (error) {
    // A source tree that was not built yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
