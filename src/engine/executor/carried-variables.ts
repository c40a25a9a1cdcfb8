import type { Pod } from '../ports/pod-driver.ts'
import { applet } from './toolbox.ts'

export interface CarriedVariables {
  /** To add to the environment of the script that starts the program. */
  environment: Record<string, string>
  /** Shell text to write before the program; '' when there is nothing to carry. */
  prefix: string
}

/** A shell drops variables whose names it could not write, such as `my.var`, on the way to the program that it starts. These travel as
 *  values of variables that it can write, and not on a command line, which other users could read. */
export function carryVariables(pod: Pod, environment: Readonly<Record<string, string>>): CarriedVariables {
  const carried = Object.entries(environment).filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  if (carried.length === 0) return { environment: {}, prefix: '' }
  const nameOf = (index: number) => `_agola_variable_${index}`
  const removals = carried.map((_, index) => `-u ${nameOf(index)}`)
  const assignments = carried.map((_, index) => `"$${nameOf(index)}"`)
  return {
    environment: Object.fromEntries(carried.map(([name, value], index) => [nameOf(index), `${name}=${value}`])),
    prefix: `${applet(pod, 'env')} ${removals.join(' ')} -- ${assignments.join(' ')} `,
  }
}
