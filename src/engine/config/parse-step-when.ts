import type { ParseContext } from './parse-context.ts'
import { parseWhen } from './parse-when.ts'
import type { Fields } from './read-fields.ts'

/** A `when` of a step is read, so that its mistakes show, but has no effect. */
export function ignoreWhen(fields: Fields, context: ParseContext): void {
  const cursor = fields.get('when')
  if (cursor === null || cursor.value === null) return
  context.problems.warning(cursor, 'step_when_ignored', 'the "when" of a step has no effect', {
    hint: 'put it on the task, or test the AGOLA_GIT_… variables in the command',
    atKey: true,
  })
  parseWhen(cursor, context)
}
