import { createHash } from 'node:crypto'
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { type ProcessFacts, readProcessFacts } from './process-facts.ts'

export interface FileLock {
  release(): Promise<void>
}

/** A holder of another machine cannot be asked: its lock counts for so long. */
const foreignAgeMsMax = 60 * 60 * 1000
/** Taking a lock away takes milliseconds: an older mark belongs to a process that died over it. */
const markAgeMsMax = 60 * 1000

/** Takes a lock that is a file, unless a process that lives holds it: null then. The lock of a dead process is taken over. It appears
 *  whole, with the facts of its holder in it, and no two processes ever have it (spec/local-runs.md 11). */
export async function tryFileLock(path: string, uniqueName: string, now: number): Promise<FileLock | null> {
  const own = `${path}.${uniqueName}`
  try {
    await writeFile(own, JSON.stringify(await readProcessFacts(process.pid)), { mode: 0o600 })
    if (await tryLink(own, path)) return { release: () => rm(path, { force: true }) }
    const held = await readFile(path, 'utf8').catch(() => null)
    if (held !== null && (await isHeld(path, held, now))) return null
    if (held !== null && !(await takeAway(path, held, own, now))) return null
    return (await tryLink(own, path)) ? { release: () => rm(path, { force: true }) } : null
  } finally {
    await rm(own, { force: true })
  }
}

async function isHeld(path: string, text: string, now: number): Promise<boolean> {
  const holder = factsOf(text)
  if (holder === null) return false
  if (holder.hostname !== hostname()) {
    const found = await stat(path).catch(() => null)
    return found !== null && now - found.mtimeMs < foreignAgeMsMax
  }
  const found = await readProcessFacts(holder.pid)
  return found !== null && found.startTime === holder.startTime && found.bootId === holder.bootId
}

/** Takes a stale lock away. Only who holds the mark named after what is in the lock may: without it two could find the same stale lock,
 *  and the slower one would take away what the faster one put in its place. false: somebody else was or is at it. */
async function takeAway(path: string, stale: string, own: string, now: number): Promise<boolean> {
  const mark = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}.stale`
  if (!(await tryLink(own, mark))) {
    const found = await stat(mark).catch(() => null)
    if (found !== null && now - found.mtimeMs > markAgeMsMax) await rm(mark, { force: true })
    return false
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => null)) !== stale) return false
    await rm(path, { force: true })
    return true
  } finally {
    await rm(mark, { force: true })
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false
    throw error
  }
}

function factsOf(text: string): ProcessFacts | null {
  try {
    const value: unknown = JSON.parse(text)
    const isWhole = typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number'
    return isWhole ? (value as ProcessFacts) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function hasSystemCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
