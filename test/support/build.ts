import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = ['src', 'scripts/build.js', 'scripts/manifest.js', 'package.json']
const shipped = ['bin', 'dist', 'package.json', 'oclif.manifest.json', 'templates']
/** Written last by the build. */
const buildStamp = 'dist/help.txt'

/** The built program in a directory of its own, so that a build beside the tests does not pull it away under them. */
export interface BuiltProgram {
  /** What node is to run. */
  script: string
  remove: () => Promise<void>
}

/** Builds `dist` when it is missing or older than its sources. */
export async function builtProgram(): Promise<BuiltProgram> {
  if (await isStale()) await promisify(execFile)(process.execPath, ['scripts/build.js'], { cwd: root })
  const directory = await mkdtemp(join(tmpdir(), 'agola-program-'))
  for (const name of shipped) await cp(join(root, name), join(directory, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  return { script: join(directory, 'bin/run.js'), remove: () => rm(directory, { recursive: true, force: true }) }
}

async function isStale(): Promise<boolean> {
  const built = await stat(join(root, buildStamp)).catch(() => null)
  if (built === null) return true
  const changes = await Promise.all(sources.map((path) => newestChange(join(root, path))))
  return Math.max(...changes) > built.mtimeMs
}

async function newestChange(path: string): Promise<number> {
  const own = await stat(path)
  if (!own.isDirectory()) return own.mtimeMs
  const entries = await readdir(path, { recursive: true })
  const changes = await Promise.all(entries.map(async (entry) => (await stat(join(path, entry))).mtimeMs))
  return Math.max(own.mtimeMs, ...changes)
}
