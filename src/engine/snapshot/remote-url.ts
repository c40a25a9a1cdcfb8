/** The url of a remote without a password or token in it. `git@host:path` and `ssh://git@host/path` keep their user, which is
 *  a part of the address there and no secret. */
export function sanitiseRemoteUrl(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*@)?(.*)$/is.exec(url)
  if (!match) return url
  const [, scheme = '', userInfo = '', rest = ''] = match
  const user = userInfo.slice(0, -1).split(':')[0] ?? ''
  const keepsUser = /^(ssh|git\+ssh|ssh\+git)$/i.test(scheme) && user !== ''
  return `${scheme}://${keepsUser ? `${user}@` : ''}${rest}`
}
