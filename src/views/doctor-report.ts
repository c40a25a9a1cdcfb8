import { createPaint } from './colour.ts'
import { timeText } from './run-list.ts'

export interface CheckView {
  name: string
  status: 'ok' | 'warn' | 'fail'
  found: string
  hint: string
  details?: Record<string, unknown>
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

/** One line for what was found, one more for how to mend it. */
export function checkText({ name, status, found, hint }: CheckView, { color }: { color: boolean }): string {
  const mark = createPaint(color)(colours[status], status.toUpperCase().padEnd(4))
  return `${mark}  ${name}: ${found}\n${hint === '' ? '' : `      ${hint}\n`}`
}

export function doctorSummary(checks: readonly CheckView[]): string {
  const count = (status: CheckView['status']) => checks.filter((check) => check.status === status).length
  const [failures, warnings] = [count('fail'), count('warn')]
  if (failures > 0) return `\n${failures} of ${checks.length} checks failed: mend these first\n`
  return warnings > 0 ? `\nready, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}\n` : '\nready\n'
}

export function doctorJson(checks: readonly CheckView[], now: number): string {
  return `${JSON.stringify({ time: timeText(now), ok: checks.every(({ status }) => status !== 'fail'), checks })}\n`
}
