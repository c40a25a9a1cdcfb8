import type { UndefinedVariable } from './compile/compiled-run.ts'
import { describePlaces } from './compile/undefined-variables.ts'
import type { DirectRunOptions, DirectRunRequest } from './direct-run-interface.ts'
import { unmaskedWarning, type Variables } from './local/variables.ts'

/** Asks for variables that nobody gave and adds the answers: as secrets, because what is typed without being shown may be one. No further
 *  one is asked for once nobody answers. Whether there was an answer. */
export async function askForVariables(
  wanted: readonly UndefinedVariable[],
  variables: Variables,
  askUndefined: DirectRunRequest['variables']['askUndefined'],
  { signal, onNotice }: DirectRunOptions,
): Promise<boolean> {
  if (askUndefined === null) return false
  let isAnswered = false
  for (const { name, usedBy } of wanted) {
    const value = await askUndefined(name, describePlaces(usedBy))
    signal?.throwIfAborted()
    if (value === null) break
    isAnswered = true
    variables.values.set(name, value)
    if (value === '') continue
    variables.secretNames.add(name)
    const warning = unmaskedWarning(name, value)
    if (warning !== null) onNotice(warning)
  }
  return isAnswered
}
