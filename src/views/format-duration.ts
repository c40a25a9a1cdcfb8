/** A duration for people: `0.3s`, `12.4s`, `3m 05s`, `2h 07m`. */
export function formatDuration(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`
  const seconds = Math.round(Math.max(0, ms) / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${twoDigits(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${twoDigits(Math.floor((seconds % 3600) / 60))}m`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
