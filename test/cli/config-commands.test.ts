import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigRequest, graphConfig, renderConfig, validateConfig } from '../../src/cli/config-commands.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agola-config-commands-'))
  mkdirSync(join(directory, '.agola'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(directory, '.agola', name), text)

async function printed(
  command: (request: ConfigRequest, printers: Parameters<typeof validateConfig>[2]) => Promise<number>,
  path?: string,
  branch = 'main',
) {
  const out = { stdout: '', stderr: '' }
  const ref = { branch, 'pull-request-ref-regexes': [] }
  const code = await command(
    { directory, path, ref, strict: false },
    {
      stdout: (text) => {
        out.stdout += text
      },
      stderr: (text) => {
        out.stderr += text
      },
    },
  )
  return { code, ...out }
}

const validate = (path?: string) => printed((request, to) => validateConfig(request, 'text', to), path)
const render = (path?: string) => printed((request, to) => renderConfig(request, 'json', to), path)
const graph = (path?: string, branch?: string, format: 'text' | 'dot' = 'text') =>
  printed((request, to) => graphConfig(request, format, to), path, branch)

describe('a config whose path is given', () => {
  it('is the one that is read, with a warning where runs read another one', async () => {
    write('config.json', '{"runs": [{"name": "json"}]}')
    write('config.yml', 'runs: 5\n')
    const broken = await validate('.agola/config.yml')
    expect(broken).toMatchObject({ code: 3, stdout: '' })
    expect(broken.stderr).toContain('.agola/config.yml:1:7: error')
    expect(broken.stderr).toContain('.agola/config.yml: warning: runs read .agola/config.json instead [file_not_read]')
    write('config.yml', 'runs: [{ name: yml }]\n')
    const valid = await validate('.agola/config.yml')
    expect(valid).toMatchObject({ code: 0, stdout: '.agola/config.yml is valid: 1 run, 0 tasks\n' })
    expect(valid.stderr).toContain('runs read .agola/config.json instead')
    for (const command of [render, graph]) {
      const shown = await command('.agola/config.yml')
      expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('yml') })
      expect(shown.stderr).toContain('runs read .agola/config.json instead')
    }
    expect(await validate('.agola/config.json')).toMatchObject({ code: 0, stderr: '' })
    expect(await validate('.')).toMatchObject({ code: 0, stdout: '.agola/config.json is valid: 1 run, 0 tasks\n' })
  })

  it('is refused when no run would read a file of that name', async () => {
    write('config.yml', 'runs: [{ name: yml }]\n')
    write('other.yml', '')
    write('config.yaml', '')
    await expect(validate('.agola/other.yml')).rejects.toThrow(
      '.agola/other.yml is no config; a config is .agola/config.jsonnet, .agola/config.json, .agola/config.yml',
    )
    await expect(validate('.agola/config.yaml')).rejects.toThrow('Rename it to .agola/config.yml')
  })

  it('may be a link that leads nowhere, which is what is told', async () => {
    symlinkSync('../gone.yml', join(directory, '.agola/config.yml'))
    for (const path of ['.agola/config.yml', undefined])
      await expect(validate(path)).rejects.toThrow(
        '.agola/config.yml cannot be read: it leads to gone.yml, which does not exist',
      )
  })
})

describe('a directory with the name of a config', () => {
  it('is told as what it is', async () => {
    mkdirSync(join(directory, '.agola/config.yml'))
    for (const path of ['.agola/config.yml', undefined])
      await expect(validate(path)).rejects.toThrow('.agola/config.yml cannot be read: it is no regular file')
    writeFileSync(join(directory, '.agola/config.yml/a'), '')
    await expect(validate()).rejects.toThrow('.agola/config.yml cannot be read: it is a directory')
  })
})

describe('config graph', () => {
  it('says that no run matches, and draws nothing', async () => {
    write('config.yml', 'runs: [{ name: a, when: { branch: main } }, { name: b, when: { tag: v1 } }]\n')
    expect(await graph(undefined, 'main')).toEqual({ code: 0, stdout: 'a\n  no tasks\n', stderr: '' })
    for (const format of ['text', 'dot'] as const)
      expect(await graph(undefined, 'other', format)).toEqual({
        code: 9,
        stdout: '',
        stderr:
          'no run matches refs/heads/other: `when` leaves out "a", "b". --branch, --tag and --ref draw another ref.\n',
      })
  })

  it('tells warnings beside the picture', async () => {
    write('config.yml', 'foo: 1\nruns: [{ name: a }]\n')
    const { code, stdout, stderr } = await graph()
    expect([code, stdout]).toEqual([0, 'a\n  no tasks\n'])
    expect(stderr).toContain('[unknown_key]')
  })
})
