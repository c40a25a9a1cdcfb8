export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'grey' | 'bold'

const codes: Record<Colour, readonly [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  grey: [90, 39],
  bold: [1, 22],
}

/** Colours a text; leaves it alone when colours are off. */
export type Paint = (colour: Colour, text: string) => string

export function createPaint(enabled: boolean): Paint {
  if (!enabled) return (_, text) => text
  return (colour, text) => `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m`
}

const taskColours: readonly Colour[] = ['cyan', 'magenta', 'blue', 'yellow', 'green']

/** Neighbours in the config differ in colour. Red is kept for failures. */
export function taskColour(index: number): Colour {
  return taskColours[index % taskColours.length] ?? 'cyan'
}
