import { constants, createReadStream, type Stats } from 'node:fs'
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AgolaError } from '../../model/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectSource, PutOptions } from '../../ports/object-storage.ts'
import type { Random } from '../../ports/random.ts'
import { makeDirectory } from '../../std/make-directory.ts'
import { isOfDeadProcess, processOwnedName } from '../../std/process-owned-name.ts'
import { systemCode } from './file-error.ts'
import { writeChunks } from './file-writer.ts'
import { objectExists } from './missing-object.ts'
import { asSourceError } from './source-error.ts'
import { sizeToTake, takeBytes } from './take-bytes.ts'

const directoryMode = 0o770
const fileMode = 0o660
const temporaryAgeMsMax = 24 * 60 * 60 * 1000
const publishAttemptsMax = 20
const inTheWay = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY'])

const temporaryPrefix = 'tmpfile'

/** Moments of a write at which a process can die; tests throw there. */
export type FileTreePoint = 'ost.afterTmp' | 'ost.afterRename'

export interface FileTreeOptions {
  /** Absolute path of the directory that holds `data` and `tmp`. */
  directory: string
  clock: Clock
  random: Random
  atPoint?: (point: FileTreePoint) => void
}

/** Files below `data` that appear whole or not at all: written in `tmp`, on the same file system, then moved. */
export class FileTree {
  readonly dataDirectory: string
  readonly #temporaryDirectory: string
  readonly #options: FileTreeOptions

  constructor(options: FileTreeOptions) {
    this.dataDirectory = join(options.directory, 'data')
    this.#temporaryDirectory = join(options.directory, 'tmp')
    this.#options = options
  }

  /** Makes the two directories and removes what writers left in `tmp` that died: on this machine, or long ago. */
  async prepare(): Promise<void> {
    await makeDirectory(this.dataDirectory, { mode: directoryMode })
    await makeDirectory(this.#temporaryDirectory, { mode: directoryMode })
    const oldest = this.#options.clock.now() - temporaryAgeMsMax
    for (const name of await readdir(this.#temporaryDirectory)) {
      const path = join(this.#temporaryDirectory, name)
      const entry = await unlessMissing(lstat(path))
      // The change time: the modification time of a linked file is that of its source.
      const isLeft = isOfDeadProcess(name.slice(temporaryPrefix.length)) || (entry?.ctimeMs ?? 0) < oldest
      if (entry?.isFile() && isLeft) await unlessMissing(unlink(path))
    }
  }

  /** Writing works only within one file system, since nothing else moves atomically. */
  async checkDirectories(): Promise<void> {
    const data = await stat(this.dataDirectory)
    const temporary = await stat(this.#temporaryDirectory)
    if (data.dev === temporary.dev) return
    const message = `${this.dataDirectory} and ${this.#temporaryDirectory} must lie on one file system`
    throw new AgolaError('storeUnusable', message)
  }

  /** `path` is relative to `data`; `key` is for messages. */
  async write(key: string, path: string, source: ObjectSource, options: PutOptions): Promise<Stats> {
    const temporary = join(
      this.#temporaryDirectory,
      `${temporaryPrefix}${processOwnedName(this.#options.random.uuid())}`,
    )
    let moved = false
    try {
      const stats = await this.#fill(key, temporary, source, options)
      this.#options.atPoint?.('ost.afterTmp')
      options.signal?.throwIfAborted()
      await this.#publish(key, temporary, join(this.dataDirectory, path), options.ifAbsent === true)
      // A rename between two links to one file does nothing, so a linked source needs a second look.
      moved = options.ifAbsent !== true && !isFile(source)
      this.#options.atPoint?.('ost.afterRename')
      if (options.persist === true) await this.#syncDirectories(path)
      return stats
    } finally {
      if (!moved) await unlessMissing(unlink(temporary))
    }
  }

  /** Removes the file, if it is there, and the directories that become empty. */
  async remove(path: string): Promise<void> {
    const file = join(this.dataDirectory, path)
    try {
      await unlink(file)
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error))) {
        // No object either.
        if ((await lstat(file)).isDirectory()) return
        throw error
      }
    }
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
      const problem = await codeOf(rmdir(join(this.dataDirectory, parent)))
      if (problem !== '' && problem !== 'ENOENT') return
    }
  }

  async #fill(key: string, temporary: string, source: ObjectSource, options: PutOptions): Promise<Stats> {
    if (isFile(source)) return this.#takeFile(key, temporary, source.file, options)
    const file = await open(temporary, 'wx', fileMode)
    try {
      if (source instanceof Uint8Array)
        await file.writeFile(source.subarray(0, sizeToTake(key, source.length, options)))
      else await writeChunks(file, takeBytes(key, source, options), options)
      return await settle(file, options)
    } finally {
      await file.close()
    }
  }

  async #takeFile(key: string, temporary: string, path: string, options: PutOptions): Promise<Stats> {
    const found = await ofSource(lstat(path))
    const { size } = found.isSymbolicLink() ? await ofSource(stat(path)) : found
    const sizeBytes = sizeToTake(key, size, options)
    if (sizeBytes < size) {
      const part = sizeBytes === 0 ? new Uint8Array() : createReadStream(path, { end: sizeBytes - 1 })
      return await this.#fill(key, temporary, part, { ...options, sizeBytes })
    }
    const isLinked = found.isFile() && (await this.#link(path, temporary))
    if (!isLinked) await copy(path, temporary)
    if (!isLinked || (found.mode & 0o777) !== fileMode) await chmod(temporary, fileMode)
    if (options.persist === true) await syncFile(temporary)
    return await stat(temporary)
  }

  /** A link copies no byte. For a symbolic link, between file systems or to a file of another owner there is none. */
  async #link(path: string, temporary: string): Promise<boolean> {
    if ((await codeOf(link(path, temporary))) !== '') return false
    const now = this.#options.clock.now() / 1000
    if ((await codeOf(utimes(temporary, now, now))) === '') return true
    await unlink(temporary)
    return false
  }

  async #publish(key: string, temporary: string, target: string, ifAbsent: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const code =
        (await codeOf(mkdir(dirname(target), { recursive: true, mode: directoryMode }))) ||
        (await codeOf(ifAbsent ? link(temporary, target) : rename(temporary, target)))
      if (code === '') return
      if (!inTheWay.has(code) || attempt === publishAttemptsMax) {
        throw Object.assign(new Error(`${code}: object "${key}" could not be published`), { code })
      }
      if (ifAbsent && (await this.#isFile(target))) throw objectExists(key)
      if (await this.#isBlocked(target)) throw blocked(key)
      // Otherwise somebody removed the last other object of the parent between the two calls, or while it was made.
    }
  }

  /** Whether another object has the name of a folder of this one, or the other way round. An empty folder, left by a dead process, goes. */
  async #isBlocked(target: string): Promise<boolean> {
    const code = await codeOf(rmdir(target))
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return true
    for (let parent = dirname(target); parent.length > this.dataDirectory.length; parent = dirname(parent)) {
      if (await this.#isFile(parent)) return true
    }
    return false
  }

  async #isFile(path: string): Promise<boolean> {
    return (await unlessMissing(lstat(path)))?.isFile() ?? false
  }

  async #syncDirectories(path: string): Promise<void> {
    for (let parent = dirname(path); ; parent = dirname(parent)) {
      await syncDirectory(join(this.dataDirectory, parent))
      if (parent === '.') return
    }
  }
}

function isFile(source: ObjectSource): source is { file: string } {
  return !(source instanceof Uint8Array) && 'file' in source
}

async function copy(path: string, temporary: string): Promise<void> {
  try {
    await copyFile(path, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  } catch (error) {
    // The system does not say which of the two files it means.
    await ofSource(tryRead(path))
    throw error
  }
}

async function tryRead(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.read(Buffer.alloc(1))
  } finally {
    await file.close()
  }
}

async function ofSource<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    throw asSourceError(error)
  })
}

async function settle(file: FileHandle, { persist }: PutOptions): Promise<Stats> {
  const stats = await file.stat()
  if ((stats.mode & 0o777) !== fileMode) await file.chmod(fileMode)
  if (persist === true) await file.sync()
  return stats
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A directory can be gone when its last object was deleted meanwhile; then there is nothing to keep. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await unlessMissing(open(path, 'r'))
  try {
    await directory?.sync()
  } finally {
    await directory?.close()
  }
}

function blocked(key: string): AgolaError {
  const message = `object "${key}" cannot be stored: a directory store cannot hold both "a" and "a/b"; choose another key`
  return new AgolaError('objectKeyInvalid', message, { details: { key } })
}

function asMissing(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
  throw error
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch(asMissing)
}

/** '' when it worked. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return ''
  } catch (error) {
    const code = systemCode(error)
    if (code === '') throw error
    return code
  }
}
