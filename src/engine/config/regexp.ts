/** Regular expressions of users: RE2 syntax, found anywhere in the text, in time linear in its length (spec/config.md 8.1). */
export interface Regexps {
  /** Why a pattern cannot be used; null when it can. */
  problemOf(pattern: string): string | null
  /** Whether the pattern, which must be valid, is found in the text. */
  isFound(pattern: string, text: string): boolean
}

/** Loads the engine, which most commands do without. */
export async function loadRegexps(): Promise<Regexps> {
  const { RE2JS } = await import('re2js')
  const compiled = new Map<string, InstanceType<typeof RE2JS>>()
  function compile(pattern: string): InstanceType<typeof RE2JS> {
    const known = compiled.get(pattern) ?? RE2JS.compile(pattern)
    compiled.set(pattern, known)
    return known
  }
  return {
    problemOf(pattern) {
      try {
        compile(pattern)
        return null
      } catch (error) {
        return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
      }
    },
    isFound: (pattern, text) => compile(pattern).test(text),
  }
}
