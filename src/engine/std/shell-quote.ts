/** A word for a POSIX shell's command line, quoted when it needs to be. */
export function shellQuote(word: string): string {
  return /^[\w/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
