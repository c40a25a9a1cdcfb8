import { AgolaError } from './model/errors.ts'
import { nearestName } from './model/nearest-name.ts'

const namesListedMax = 20

/** Approvals that are given ahead: `flagInvalid` for the name of no task. */
export function checkApprovals(
  given: readonly string[],
  tasks: readonly { name: string; needsApproval: boolean }[],
): void {
  const unknown = [...new Set(given)].filter((name) => !tasks.some((task) => task.name === name))
  const [first] = unknown
  if (first === undefined) return
  const waiting = [...new Set(tasks.filter(({ needsApproval }) => needsApproval).map(({ name }) => name))]
  const guess = nearestName(first, waiting)
  const question = guess === null ? '' : ` Did you mean ${JSON.stringify(guess)}?`
  const more = waiting.length > namesListedMax ? `, and ${waiting.length - namesListedMax} more` : ''
  const list = waiting.length === 0 ? 'No task does' : `These do: ${quoted(waiting.slice(0, namesListedMax))}${more}`
  throw new AgolaError('flagInvalid', `--approve: no task ${quoted(unknown)} waits for approval.${question} ${list}`, {
    details: { unknown, known: waiting.slice(0, namesListedMax) },
  })
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}
