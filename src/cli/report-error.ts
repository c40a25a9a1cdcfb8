import { AgolaError, messageOf } from '../engine/model/errors.ts'
import { systemTrouble } from '../engine/std/system-trouble.ts'
import { exitCodeOfError, exitCodes } from './exit-code.ts'
import { parserMessage } from './parser-message.ts'

export interface ReportTarget {
  stderr: { write(text: string): unknown }
  /** The caller asked for JSON: the error is one object on stderr. */
  json: boolean
}

/** Tells a person (or a program) what went wrong and returns the exit code. */
export function reportError(thrown: unknown, { stderr, json }: ReportTarget): number {
  const error = systemTrouble(thrown)
  const usage = usageOf(error)
  if (usage?.quiet) return usage.exitCode
  const exitCode = usage?.exitCode ?? exitCodeOfError(error)
  const code = error instanceof AgolaError ? error.code : usage !== null ? 'usage' : 'internal'
  const message = usage === null ? messageOf(error) : parserMessage(messageOf(error))
  if (json) stderr.write(`${JSON.stringify({ error: { code, message, exit_code: exitCode } })}\n`)
  else stderr.write(`agola: ${message}\n${internalNote(error, usage)}`)
  return exitCode
}

interface Usage {
  exitCode: number
  /** An exit that was meant, such as after help: nothing to tell. */
  quiet: boolean
}

/** What oclif throws: a mistake in the command line, or a wanted exit. */
function usageOf(error: unknown): Usage | null {
  if (!(error instanceof Error) || !('oclif' in error)) return null
  const { oclif } = error
  const exit = typeof oclif === 'object' && oclif !== null && 'exit' in oclif ? oclif.exit : undefined
  if ('code' in error && error.code === 'EEXIT')
    return { exitCode: typeof exit === 'number' ? exit : exitCodes.success, quiet: true }
  return { exitCode: exitCodes.usage, quiet: false }
}

function internalNote(error: unknown, usage: Usage | null): string {
  if (usage !== null || (error instanceof AgolaError && error.kind !== 'internal')) return ''
  const stack = error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : ''
  return `This is a mistake in agola, not in what you asked for.\n${stack}`
}
