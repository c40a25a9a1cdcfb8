import { AgolaError, type ErrorCode } from '../model/errors.ts'

/** What the system refuses, and the way out. */
const troubles: Record<string, { code: ErrorCode; text: string }> = {
  ENOSPC: { code: 'diskFull', text: 'the disk is full: free some space and run again' },
  EDQUOT: { code: 'diskFull', text: 'the disk quota is used up: free some space and run again' },
  EROFS: { code: 'storeUnusable', text: 'the file system is read-only' },
  EACCES: { code: 'storeUnusable', text: 'permission denied' },
  EPERM: { code: 'storeUnusable', text: 'permission denied' },
  ENOTDIR: { code: 'storeUnusable', text: 'a part of the path is no directory' },
  EIO: { code: 'storeUnusable', text: 'the disk does not work' },
  EMFILE: { code: 'storeUnusable', text: 'too many files are open: raise the limit (ulimit -n)' },
  ENFILE: { code: 'storeUnusable', text: 'too many files are open on this machine' },
}

/** A refusal of the operating system as an error for people; anything else stays what it is. */
export function systemTrouble(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AgolaError || !('syscall' in error) || !('code' in error))
    return error
  const trouble = troubles[String(error.code)]
  if (trouble === undefined) return error
  const path = 'path' in error ? ` ${String(error.path)}` : ''
  return new AgolaError(trouble.code, `${trouble.text} (${String(error.syscall)}${path})`, { cause: error })
}
