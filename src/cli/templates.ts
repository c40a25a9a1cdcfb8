import { copyFile, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { AgolaError } from '../engine/model/errors.ts'
import { makeDirectory } from '../engine/std/make-directory.ts'

/** Names of files whose presence tells which template fits, in the order in which they are looked for. */
const signs: [file: string, template: string][] = [
  ['go.mod', 'go'],
  ['Cargo.toml', 'rust'],
  ['package.json', 'node'],
  ['pyproject.toml', 'python'],
  ['requirements.txt', 'python'],
  ['Dockerfile', 'docker-build'],
]

export async function templateNames(templates: string): Promise<string[]> {
  const entries = await readdir(templates, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

/** The template that fits the files of a directory. */
export async function guessTemplate(directory: string): Promise<string> {
  const names = new Set(await readdir(directory))
  return signs.find(([file]) => names.has(file))?.[1] ?? 'minimal'
}

export interface WriteTemplateOptions {
  templates: string
  name: string
  directory: string
  /** Replace a config that is there. */
  force: boolean
}

/** Writes `.agola/config.*` of a template and gives the path of what was written, from the working directory. Refuses to touch an existing config. */
export async function writeTemplate({ templates, name, directory, force }: WriteTemplateOptions): Promise<string> {
  const names = await templateNames(templates)
  if (!names.includes(name))
    throw new AgolaError(
      'flagInvalid',
      `there is no template ${JSON.stringify(name)}; take one of: ${names.join(', ')}`,
    )
  const existing = await existingConfig(directory)
  if (existing !== null && !force)
    throw new AgolaError('flagConflict', `${existing} is there already; --force replaces it`)
  const files = await readdir(join(templates, name, '.agola'))
  await makeDirectory(join(directory, '.agola'))
  for (const file of files) await copyFile(join(templates, name, '.agola', file), join(directory, '.agola', file))
  return shownPath(directory, files.find((file) => file.startsWith('config.')) ?? files[0] ?? '')
}

async function existingConfig(directory: string): Promise<string | null> {
  for (const file of ['config.jsonnet', 'config.json', 'config.yml']) {
    const found = await stat(join(directory, '.agola', file)).catch(() => null)
    if (found !== null) return shownPath(directory, file)
  }
  return null
}

function shownPath(directory: string, file: string): string {
  return join(relative(process.cwd(), directory), '.agola', file)
}
