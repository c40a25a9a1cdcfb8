const surrogate = /[\ud800-\udfff]/

/** Strings as rows of code points. The last string asked for is remembered: programs walk strings by index. */
let lastText = ''
let lastPoints: readonly string[] | undefined

/** The characters of a string when it has some outside the basic plane; undefined when UTF-16 units are characters. */
function astralPoints(text: string): readonly string[] | undefined {
  if (text === lastText) return lastPoints
  const points = surrogate.test(text) ? [...text] : undefined
  if (text.length > 32) {
    lastText = text
    lastPoints = points
  }
  return points
}

/** How many code points a string has. */
export function lengthOf(text: string): number {
  return astralPoints(text)?.length ?? text.length
}

/** The character at an index, undefined outside. */
export function characterAt(text: string, index: number): string | undefined {
  const points = astralPoints(text)
  return points === undefined ? text[index] : points[index]
}

export function sliceOf(text: string, from: number, to: number): string {
  const points = astralPoints(text)
  return points === undefined ? text.slice(from, to) : points.slice(from, to).join('')
}

export function charactersOf(text: string): string[] {
  return surrogate.test(text) ? [...text] : text.split('')
}

/** By code points, which differs from JavaScript's order where surrogates meet characters above them. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x === y) continue
    // A surrogate stands for a character above all others, so it sorts after any unit that is not one.
    return rank(x) - rank(y)
  }
  return a.length - b.length
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
