/** Whether `text` matches a glob: `*` within one path element, `**` across elements, `?` one character. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/\*\*|[*?]|[.+^${}()|[\]\\]/g, (token) => {
    if (token === '**') return '.*'
    if (token === '*') return '[^/]*'
    return token === '?' ? '[^/]' : `\\${token}`
  })
  return new RegExp(`^${source}$`, 's').test(text)
}
