/** Where a repository is cloned from, taken apart. */
export interface RepositoryAddress {
  host: string
  /** '' when the address names none. */
  port: string
}

/** The host and port of a clone URL; `user@host:path` is understood too. A local path or a `file:` URL has neither (spec/local-runs.md 6). */
export function repositoryAddress(url: string): RepositoryAddress {
  const match = /^([A-Za-z][\w+.-]*):\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?/.exec(url)
  if (match === null) return { host: hostOfScp(url), port: '' }
  const [, scheme = '', host = '', port = ''] = match
  return scheme.toLowerCase() === 'file' ? { host: '', port: '' } : { host: withoutBrackets(host), port }
}

/** The URL without user name and password, except for the user of an ssh URL, which is part of the address. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([A-Za-z][\w+.-]*):\/\/([^/?#]*)@/, (_, scheme: string, login: string) => {
    const isSsh = /^(?:ssh|git\+ssh|ssh\+git)$/i.test(scheme)
    return isSsh ? `${scheme}://${login.split(':')[0]}@` : `${scheme}://`
  })
}

function hostOfScp(url: string): string {
  const [, host = ''] = /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]{2,}):(?!\/\/)/.exec(url) ?? []
  return withoutBrackets(host)
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}
