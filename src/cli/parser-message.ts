import { messageOf } from '../engine/model/errors.ts'

const integer = /^Expected an integer(?: (greater|less) than or equal to (-?\d+))? but received: (.*)$/s

/** What the command line library says of a value, in our words and behind `from`, where the value was given. */
export function valueProblem(from: string, error: unknown): string {
  const [whole, side, bound, value] = integer.exec(messageOf(error)) ?? []
  if (whole === undefined) return `${from}: ${messageOf(error)}`
  const range = side === undefined ? '' : side === 'greater' ? ` of at least ${bound}` : ` of at most ${bound}`
  return `${from} ${value} must be an integer${range}`
}

const parsing = /^Parsing (--\S+) \n\t(.*?)(\nSee more help with --help)?$/s
const oneMistake = /^The following error occurred:\n +/
/** It speaks of flags that take all words behind them, which none of ours does. */
const noteOnGreedyFlags = /\n\nNote: [^\n]*\nAlternatively, you can use "--" [^\n]*/

/** A message of the command line library about a command line, as a person would put it. */
export function parserMessage(message: string): string {
  const [, flag, problem, help = ''] = parsing.exec(message) ?? []
  if (flag !== undefined && problem !== undefined) return `${valueProblem(flag, problem)}${help}`
  return message.replace(oneMistake, '').replace(noteOnGreedyFlags, '')
}
