import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { queries } from '../../../support/a-run-history.ts'
import { CrashPlan } from '../../../support/crashing-ports.ts'
import { openReadModel } from '../../../support/read-model-process.ts'

const program = join(import.meta.dirname, '../../../support/read-model-process.ts')

/** The signal that ended it, or everything that it said. */
async function live(directory: string, dieAt: number): Promise<{ signal: string | null; moments: string[] }> {
  const child = spawn(process.execPath, [program, directory, String(dieAt)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  const [code, signal] = await once(child, 'close')
  if (code !== 0 && signal === null) throw new Error(`it ended with ${code}`)
  return { signal, moments: Buffer.concat(said).toString().split('\n') }
}

it('a copy whose process is killed at any of its effects is whole again in the next one', async () => {
  const base = await mkdtemp(join(tmpdir(), 'agola-killed-'))
  const { moments } = await live(join(base, 'whole'), Number.POSITIVE_INFINITY)
  for (const name of [
    'open',
    'create',
    'change position',
    'change archive',
    'change active',
    'publish',
    'close',
    'clear',
  ])
    expect(moments).toEqual(expect.arrayContaining([`before ${name}`, `after ${name}`]))
  // Of each kind the first, which is of the building, or the last.
  const at = (moment: string) => (moment.startsWith('before') ? moments.indexOf(moment) : moments.lastIndexOf(moment))
  const deaths = new Set(moments.map(at))
  for (const dieAt of deaths) {
    const directory = join(base, String(dieAt))
    expect(await live(directory, dieAt)).toMatchObject({ signal: 'SIGKILL' })
    const next = await openReadModel(directory, 'tables', new CrashPlan(Number.POSITIVE_INFINITY))
    for (const query of queries)
      expect(await next.running.list(query)).toEqual(await next.history.lists().listRuns(query))
    await next.end()
  }
  await rm(base, { recursive: true })
})
