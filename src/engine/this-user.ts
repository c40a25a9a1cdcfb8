import { homedir, userInfo } from 'node:os'

/** Of the user who runs this process. One whom this machine's list of users does not know, as often inside a container, goes by number. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** Where a user has none, the root directory: so says Docker, and what cannot be written there is told. */
export function homeDirectory(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}
