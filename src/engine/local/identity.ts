import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AgolaError, messageOf } from '../model/errors.ts'
import type { Random } from '../ports/random.ts'
import { makeDirectory } from '../std/make-directory.ts'

/** Who runs on this machine: made once for each user of it (spec/local-runs.md 4). */
export interface Identity {
  userId: string
  /** All local processes of the user watch over each other within it. */
  executorGroupId: string
}

/** Reads `identity.json`, or makes it. Of two processes that make it at once one wins and the other reads. */
export async function loadIdentity(stateDirectory: string, random: Random): Promise<Identity> {
  const path = join(stateDirectory, 'identity.json')
  return (await readIdentity(path)) ?? (await createIdentity(stateDirectory, path, random))
}

async function readIdentity(path: string): Promise<Identity | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new AgolaError('storeUnusable', `${path} cannot be read: ${messageOf(error)}`, { cause: error })
  })
  return text === null ? null : parseIdentity(path, text)
}

function parseIdentity(path: string, text: string): Identity {
  const [userId, executorGroupId] = ['user_id', 'executors_group_id'].map((key) => fieldOf(text, key))
  if (userId && executorGroupId) return { userId, executorGroupId }
  throw new AgolaError(
    'storeUnusable',
    `${path} is damaged. Remove it to get a new identity; caches of the old one will not be found any more.`,
  )
}

function fieldOf(text: string, key: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    const field = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
    return typeof field === 'string' && field !== '' ? field : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

async function createIdentity(stateDirectory: string, path: string, random: Random): Promise<Identity> {
  await makeDirectory(stateDirectory, { mode: 0o700 })
  const temporary = `${path}.${random.uuid()}`
  const identity = { user_id: random.uuid(), executors_group_id: random.uuid() }
  await writeFile(temporary, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 })
  try {
    // A link appears whole or not at all, and never replaces the file of a faster process.
    await link(temporary, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(temporary, { force: true })
  }
  const stored = await readIdentity(path)
  if (stored === null) throw new AgolaError('storeUnusable', `${path} was removed while it was being made.`)
  return stored
}
