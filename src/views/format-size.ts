const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** A number of bytes for people: `0 B`, `12 kB`, `3.4 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
