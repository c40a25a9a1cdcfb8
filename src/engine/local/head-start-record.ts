import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PodRequest } from '../ports/pod-driver.ts'
import { makeDirectory } from '../std/make-directory.ts'

/** The part of a request for a pod that says nothing of a single task. */
export type HeadStartRequest = Pick<PodRequest, 'arch' | 'containers' | 'labels' | 'opening'>

/** What the next run in a directory is likely to ask for first. Holds no secrets. */
export interface HeadStartRecord {
  repoUuid: string
  request: HeadStartRequest
}

interface StoredRecord extends HeadStartRecord {
  /** The record is of no use once this file has changed. */
  config: { path: string; stamp: string }
}

/** So many directories and selections are remembered. */
const recordsMax = 100

/** `key` tells directories and selections apart. null when nothing is known of it, or the config has changed since. */
export async function readHeadStart(stateDirectory: string, key: unknown): Promise<HeadStartRecord | null> {
  try {
    const { config, ...record }: StoredRecord = JSON.parse(await readFile(recordPath(stateDirectory, key), 'utf8'))
    return config.stamp === (await stampOf(config.path)) ? record : null
  } catch {
    // Missing, damaged, or of another version: nothing is lost but time.
    return null
  }
}

/** Replaces what was remembered; the oldest of too many records go. */
export async function writeHeadStart(
  stateDirectory: string,
  key: unknown,
  record: HeadStartRecord,
  configPath: string,
): Promise<void> {
  const stored: StoredRecord = { ...record, config: { path: configPath, stamp: await stampOf(configPath) } }
  const path = recordPath(stateDirectory, key)
  const directory = dirname(path)
  await makeDirectory(directory, { mode: 0o700 })
  // In place: nobody reads half a record as a whole one, and nothing is left of a write that was cut short.
  await writeFile(path, `${JSON.stringify(stored)}\n`, { mode: 0o600 })
  await removeOldest(directory)
}

async function removeOldest(directory: string): Promise<void> {
  const names = await readdir(directory)
  if (names.length <= recordsMax) return
  const modified = async (name: string) => (await stat(join(directory, name)).catch(() => null))?.mtimeMs ?? 0
  const dated = await Promise.all(names.map(async (name) => ({ name, ms: await modified(name) })))
  const oldest = dated.sort((a, b) => a.ms - b.ms).slice(0, names.length - recordsMax)
  await Promise.all(oldest.map(({ name }) => rm(join(directory, name), { force: true })))
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path)
  return `${mtimeMs} ${size} ${ino}`
}

function recordPath(stateDirectory: string, key: unknown): string {
  const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32)
  return join(stateDirectory, 'head-starts', `${name}.json`)
}
