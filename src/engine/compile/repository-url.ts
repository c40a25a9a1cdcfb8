/** Where a repository is cloned from, taken apart. */
export interface RepositoryAddress {
  host: string
  /** '' when the address names none. */
  port: string
}

/** The host and port of a clone URL; `user@host:path` is understood too. A local path or a `file:` URL has neither (spec/local-runs.md 6). */
export function repositoryAddress(url: string): RepositoryAddress {
  if (/^[A-Za-z][\w+.-]*:\/\//.test(url)) return addressOfUrl(url)
  const match = /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]{2,}):(?!\/\/)/.exec(url)
  return { host: match?.[1]?.replace(/^\[|\]$/g, '') ?? '', port: '' }
}

/** The URL without user name and password, except for the user of an ssh URL, which is part of the address. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([A-Za-z][\w+.-]*):\/\/([^/?#]*)@/, (_, scheme: string, login: string) => {
    const isSsh = /^(?:ssh|git\+ssh|ssh\+git)$/i.test(scheme)
    return isSsh ? `${scheme}://${login.split(':')[0]}@` : `${scheme}://`
  })
}

function addressOfUrl(url: string): RepositoryAddress {
  const match = /^([A-Za-z][\w+.-]*):\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?/.exec(url)
  if (match === null || match[1]?.toLowerCase() === 'file') return { host: '', port: '' }
  return { host: match[2]?.replace(/^\[|\]$/g, '') ?? '', port: match[3] ?? '' }
}
