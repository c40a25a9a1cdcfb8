import type { ProblemList } from './problem-list.ts'
import { readText } from './read-document.ts'
import type { Fields } from './read-fields.ts'

const nameBytesMax = 100

/** The name of a run or a task: neither empty nor longer than a hundred bytes. */
export function readName(kind: 'run' | 'task', fields: Fields, problems: ProblemList): string {
  const cursor = fields.get('name')
  const name = readText(cursor, problems)
  const isOtherType = typeof cursor?.value === 'object' && cursor.value !== null
  if (name === '' && !isOtherType) {
    problems.error(cursor ?? fields.cursor, `${kind}_name_empty`, `the ${kind} has no name`, {
      hint: 'write name: …',
      atKey: true,
    })
  }
  const bytes = Buffer.byteLength(name)
  if (bytes > nameBytesMax) {
    problems.error(
      cursor ?? fields.cursor,
      `${kind}_name_too_long`,
      `the name of the ${kind} has more than ${nameBytesMax} bytes`,
      {
        found: `${bytes} bytes`,
      },
    )
  }
  return name
}

/** Reports every name that an earlier one of the same kind has already. */
export function checkUniqueNames(
  kind: 'run' | 'task',
  placed: readonly { name: string; nameAt: Parameters<ProblemList['error']>[0] }[],
  problems: ProblemList,
): void {
  const seen = new Set<string>()
  for (const { name, nameAt } of placed) {
    if (name === '') continue
    if (seen.has(name)) {
      const where = kind === 'run' ? 'of the file' : 'of this run'
      problems.error(nameAt, `${kind}_name_duplicate`, `another ${kind} ${where} has the name ${JSON.stringify(name)}`)
    }
    seen.add(name)
  }
}
