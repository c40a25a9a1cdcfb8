import type { RunTaskStep } from '../engine/model/run.ts'
import { cleanName } from './clean-text.ts'
import { formatSize } from './format-size.ts'

/** One line about a log that is not what the step has written; null when it is, or nobody knows. `name` is `task/step`, `bytes` what is
 *  left of it, null without any. */
export function cutLogText(
  name: string,
  { logBytes }: Pick<RunTaskStep, 'logBytes'>,
  bytes: number | null,
): string | null {
  const log = `the log of ${cleanName(name)}`
  if (logBytes === undefined) return null
  if (logBytes === null) return `${log} may lack its end: the process that wrote it died`
  if ((bytes ?? 0) >= logBytes) return null
  const size = formatSize(logBytes)
  if (bytes === null) return `${log} (${size}) is not there any more`
  return `${log} was cut: ${formatSize(bytes)} of ${size} are left`
}
