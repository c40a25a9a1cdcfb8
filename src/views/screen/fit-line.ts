import { textWidth, truncate } from '../text-width.ts'

const sgr = /(\x1b\[[0-9;:]*m)/
const tabWidth = 8

/** A clean line cut to `width` columns, its colours kept and switched off at the end. Tabs become spaces. */
export function fitLine(line: string, width: number): string {
  // More characters than this cannot be seen, whatever they are.
  const near = expandTabs(line.length > width * 16 + 64 ? line.slice(0, width * 16 + 64) : line)
  if (!near.includes('\x1b')) return truncate(near, width)
  let left = width
  let fitted = ''
  for (const part of near.split(sgr)) {
    if (part.startsWith('\x1b')) fitted += part
    else {
      const shown = truncate(part, left)
      left -= textWidth(shown)
      fitted += shown
      if (shown !== part) break
    }
  }
  return `${fitted}\x1b[0m`
}

function expandTabs(line: string): string {
  if (!line.includes('\t')) return line
  let expanded = ''
  for (const part of line.split('\t')) {
    expanded += part
    expanded += ' '.repeat(tabWidth - (expanded.length % tabWidth))
  }
  return expanded.trimEnd()
}
