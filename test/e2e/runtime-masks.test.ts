import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--driver', 'host']

describe('values that steps name', () => {
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
    const name = 'v=$(printf "cre%s" dential); echo "::agola-add-mask::$v"; echo "first $v"; printf "%s" "$v" | base64'
    directory = await machine.repository(
      oneRun({
        name: { steps: [name, { type: 'run', command: `${name} >&2`, tty: false }] },
        use: { steps: ['printf "second cre%s\\n" dential'], depends: ['name'] },
      }),
    )
  })
  afterEach(() => machine.end())

  it('are in no log of the run from then on, with --runtime-masks', async () => {
    const { code, stdout, stderr } = await machine.run([...start, '--runtime-masks'], { directory })
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('first ***')
    expect(stdout).toContain('second ***')
    expect(stdout + stderr).not.toMatch(/credential|::agola-add-mask/)
    const found = promisify(execFile)('grep', ['-r', '-l', '-a', 'credential', machine.state])
    await expect(found).rejects.toMatchObject({ code: 1, stdout: '' })
  })

  it('are shown like everything else without the flag', async () => {
    const { stdout } = await machine.run(start, { directory })
    expect(stdout).toContain('::agola-add-mask::credential')
    expect(stdout).toContain('second credential')
  })
})
