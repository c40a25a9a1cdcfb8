import { afterEach, beforeEach, expect } from 'vitest'
import { LocalMachine, type LocalMachineOptions } from './local-machine.ts'

export interface MachineSuite {
  /** A new one for each test. */
  machine: LocalMachine
}

/** Gives each test of the suite around it a machine, without a container engine unless `options` name one; it is there from `beforeEach`
 *  on. With `leavesNothing` each test has to leave it without containers, volumes and files of its runs. */
export function machineSuite({
  leavesNothing = false,
  options = () => ({ engine: null }),
}: {
  leavesNothing?: boolean
  options?: () => LocalMachineOptions
} = {}): MachineSuite {
  const suite = {} as MachineSuite
  beforeEach(async () => {
    suite.machine = await LocalMachine.create(options())
  })
  afterEach(async () => {
    const left = leavesNothing ? await suite.machine.leftovers() : []
    await suite.machine.end()
    expect(left).toEqual([])
  })
  return suite
}
