/** How many files, directories and links an archive has, for people. */
export function formatEntries(count: number): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'}`
}
