const sgr = /\x1b\[([0-9;:]*)m/g
const reset = '\x1b[0m'

/** Many different colours on one line are a picture, not a state worth carrying on. */
const coloursLengthMax = 200

/** Puts `prefix` before each line of `text`, whose lines all end in a line feed. Colours that stay on at the end of a line are
 *  switched off there and on again behind the next prefix; `colours` are those of the line before. */
export function prefixLines(text: string, prefix: string, colours: string): { text: string; colours: string } {
  if (colours === '' && !text.includes('\x1b')) {
    return { text: prefix + text.slice(0, -1).replaceAll('\n', `\n${prefix}`) + text.slice(-1), colours }
  }
  let active = colours
  let result = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const before = active
    if (line.includes('\x1b')) active = coloursAfter(line, active)
    result += `${prefix}${before}${line}${active === '' ? '' : reset}\n`
  }
  return { text: result, colours: active }
}

function coloursAfter(line: string, before: string): string {
  const last = line.lastIndexOf('\x1b')
  if (line.startsWith(reset, last) || line.startsWith('\x1b[m', last)) return ''
  return applied(before, sequencesOf(line))
}

function sequencesOf(line: string): string {
  let sequences = ''
  for (let start = line.indexOf('\x1b'); start >= 0; ) {
    const end = line.indexOf('m', start) + 1
    sequences += line.slice(start, end)
    start = line.indexOf('\x1b', end)
  }
  return sequences
}

/** A program uses few combinations of colours, over and over. */
const answers = new Map<string, string>()
const answersMax = 1000

function applied(before: string, sequences: string): string {
  const question = `${before} ${sequences}`
  let answer = answers.get(question)
  if (answer === undefined) {
    answer = fold(before + sequences)
    if (answers.size >= answersMax) answers.clear()
    answers.set(question, answer)
  }
  return answer
}

function fold(sequences: string): string {
  let active = ''
  for (const [sequence, codes = ''] of sequences.matchAll(sgr)) {
    if (/^[0;:]*$/.test(codes)) active = ''
    // Those that begin with a reset replace what was on.
    else if (codes.startsWith('0;')) active = sequence
    else active += sequence
  }
  return active.length > coloursLengthMax ? '' : shortened(active)
}

/** `39`, `49` and the like switch off what is on; once all has been switched off nothing needs to be carried. */
function shortened(active: string): string {
  const kinds = new Map<string, string>()
  for (const [sequence, codes = ''] of active.matchAll(sgr)) {
    const code = Number(codes.split(/[;:]/)[0])
    const kind = kindOf(code)
    if (isOff(code)) kinds.delete(kind)
    else kinds.set(kind, sequence)
  }
  return [...kinds.values()].join('')
}

function kindOf(code: number): string {
  if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) return 'foreground'
  if ((code >= 40 && code <= 49) || (code >= 100 && code <= 107)) return 'background'
  if (code === 1 || code === 2 || code === 22) return 'weight'
  return String(code > 20 && code < 30 ? code - 20 : code)
}

function isOff(code: number): boolean {
  return code === 39 || code === 49 || (code >= 22 && code <= 29)
}
