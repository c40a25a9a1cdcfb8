import type { ConfigTree, LoadConfigOptions } from '../../../src/engine/config/loaded-config.ts'

/** A tree of texts by path. A text that starts with `-> ` is a link, null something that cannot be read. */
export function aTree(files: Record<string, string | Uint8Array | null>): ConfigTree {
  const linkOf = (path: string): string | null => {
    const file = files[path]
    return typeof file === 'string' && file.startsWith('-> ') ? file.slice(3) : null
  }
  return {
    async readFile(path) {
      const file = files[path]
      if (file === undefined || file === null || linkOf(path) !== null) return null
      return typeof file === 'string' ? new TextEncoder().encode(file) : file
    },
    async readLink(path) {
      return linkOf(path)
    },
    async listFiles(directory) {
      const start = directory === '' ? '' : `${directory}/`
      const below = Object.keys(files).filter((path) => path.startsWith(start))
      return [...new Set(below.map((path) => path.slice(start.length).split('/')[0] ?? ''))]
    },
  }
}

export const branchContext: LoadConfigOptions['context'] = {
  refType: 'branch',
  ref: 'refs/heads/main',
  branch: 'main',
  tag: '',
  pullRequestId: '',
  commitSha: '0123',
}
