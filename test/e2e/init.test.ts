import { access, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const list = ['directrun', 'start', '--list']
const validate = ['config', 'validate']
const config = '.agola/config.yml'

describe('agola init and the place of the config', () => {
  const suite = machineSuite()
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  it('writes it where runs read it, from every directory of a repository', async () => {
    const root = await machine.repository({ 'Cargo.toml': '', 'deep/er/package.json': '{}' })
    const directory = join(root, 'deep/er')
    const { stdout, code } = await machine.run(['init'], { directory })
    expect(stdout).toMatch(/^\.\.\/\.\.\/\.agola\/config\.\w+ written from the template rust\./)
    expect(code).toBe(0)
    for (const args of [list, validate, ['config', 'graph'], ['config', 'render', '--format', 'yaml']])
      expect([args, (await machine.run(args, { directory })).code]).toEqual([args, 0])
    const again = await machine.run(['init'], { directory })
    expect(again.stderr).toMatch(/^agola: \.\.\/\.\.\/\.agola\/config\.\w+ is there already/)
    expect(again.code).toBe(2)
  })

  it('replaces a config of any format with --force', async () => {
    const others = { '.agola/config.jsonnet': '{ runs: [] }', '.agola/config.json': '{ "runs": [] }' }
    const directory = await machine.repository({ ...others, '.agola/lib.libsonnet': '{}' })
    const words = ['init', '--template', 'minimal']
    expect((await machine.run(words, { directory })).stderr).toMatch(
      /^agola: \.agola\/config\.jsonnet is there already/,
    )
    const { stdout, code } = await machine.run([...words, '--force'], { directory })
    expect(code).toBe(0)
    for (const file of Object.keys(others)) expect(stdout).toContain(`${file} removed`)
    expect(await readdir(join(directory, '.agola'))).toEqual(['config.yml', 'lib.libsonnet'])
    expect((await machine.run(list, { directory })).code).toBe(0)
  })

  it('writes it into a directory that belongs to no repository', async () => {
    const directory = join(machine.directory, 'plain/sub')
    await mkdir(directory, { recursive: true })
    const { stdout } = await machine.run(['init'], { directory })
    expect(stdout).toMatch(/^\.agola\/config\.\w+ written from the template minimal\./)
    await access(join(directory, '.agola'))
    const deeper = join(directory, 'deeper')
    await mkdir(deeper)
    expect((await machine.run(validate, { directory: deeper })).code).toBe(0)
  })

  it('checks no config that no run would read, and says where it is', async () => {
    const files = Object.entries(oneRun({ build: { steps: ['true'] } }))
    const inside = Object.fromEntries(files.map(([name, content]) => [`sub/${name}`, content]))
    const root = await machine.repository({ 'README.md': 'hello', ...inside })
    const directory = join(root, 'sub')
    const { code, stderr } = await machine.run(validate, { directory })
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `agola: no config in ${root}, the root of the repository, where runs read it. There is a ${directory}/.agola: move it there, or give its path\n`,
    })
    expect((await machine.run([...validate, '.'], { directory })).code).toBe(0)
    await machine.write(root, { [config]: 'runs: [{ name: top, tasks: [] }]' })
    const rendered = await machine.run(['config', 'render', '--format', 'yaml'], { directory })
    expect(rendered.stdout).toContain('name: top')
  })
})
