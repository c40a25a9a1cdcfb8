import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { dockerEngine } from '../support/docker-engine.ts'
import { TestImages } from '../support/docker-images.ts'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'

it('keeps the pod of a failed task to look into, whoever runs or cleans meanwhile, until it is cleaned on purpose', async () => {
  const world = await dockerEngine()
  const images = new TestImages(world.engine)
  const image = await images.busybox()
  const machine = await LocalMachine.create({ engine: world.engine, toolsImage: image })
  try {
    const directory = await machine.repository(
      oneRun({
        fine: { image, steps: ['true'] },
        broken: { image, depends: ['fine'], steps: ['echo evidence > /tmp/found; exit 3'] },
      }),
    )
    const failed = await machine.run(['directrun', 'start', '--keep', 'failed'], { directory })
    expect(failed.code).toBe(1)
    const [, words = ''] =
      /\[broken\/setup\].*look into it with: docker exec -it (.*)/.exec(failed.stdout + failed.stderr) ?? []
    expect(await machine.engineObjects()).toEqual([expect.stringMatching(/^container .* running$/)])

    const args = ['--host', world.engine.endpoint.url, 'exec', ...words.split(' '), '-c', 'cat /tmp/found']
    expect((await promisify(execFile)('docker', args)).stdout).toBe('evidence\n')

    await machine.write(directory, oneRun({ a: { image, steps: ['true'] } }))
    expect((await machine.run(['directrun', 'start'], { directory })).code).toBe(0)
    expect((await machine.run(['clean'], { directory })).code).toBe(0)
    expect(await machine.engineObjects()).toHaveLength(1)
    expect((await machine.run(['clean', '--kept'], { directory })).code).toBe(0)
    expect(await machine.leftovers()).toEqual([])
  } finally {
    await machine.end()
    await images.removeAll()
    await world.end()
  }
})
