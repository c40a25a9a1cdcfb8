import type { ConfigTree, LoadConfigOptions } from '../../../src/engine/config/loaded-config.ts'

/** A tree of texts by path. A text that starts with `-> ` is a link. */
export function aTree(files: Record<string, string | Uint8Array>): ConfigTree {
  const linkOf = (path: string): string | null => {
    const file = files[path]
    return typeof file === 'string' && file.startsWith('-> ') ? file.slice(3) : null
  }
  return {
    async readFile(path) {
      const file = files[path]
      if (file === undefined) return null
      return typeof file === 'string' ? new TextEncoder().encode(file) : file
    },
    async readLink(path) {
      return linkOf(path)
    },
    async listFiles(directory) {
      return Object.keys(files).flatMap((path) =>
        path.startsWith(`${directory}/`) ? [path.slice(directory.length + 1)] : [],
      )
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
