import { copyFile, readdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { configNames } from '../engine/config/find-config.ts'
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

/** Paths from the working directory. */
export interface WrittenTemplate {
  file: string
  /** Configs of another format that were in its place, and would have counted more or been left behind. */
  removed: string[]
}

/** Writes `.agola/config.*` of a template. Refuses to touch an existing config, unless `force`: then this one is the only one. */
export async function writeTemplate(options: WriteTemplateOptions): Promise<WrittenTemplate> {
  const { templates, name, directory, force } = options
  const names = await templateNames(templates)
  if (!names.includes(name))
    throw new AgolaError(
      'flagInvalid',
      `there is no template ${JSON.stringify(name)}; take one of: ${names.join(', ')}`,
    )
  const existing = await existingConfigs(directory)
  if (existing[0] !== undefined && !force)
    throw new AgolaError('flagConflict', `${shownPath(directory, existing[0])} is there already; --force replaces it`)
  const files = await readdir(join(templates, name, '.agola'))
  await makeDirectory(join(directory, '.agola'))
  for (const file of files) await copyFile(join(templates, name, '.agola', file), join(directory, '.agola', file))
  const replaced = existing.filter((file) => !files.includes(file))
  for (const file of replaced) await rm(join(directory, '.agola', file))
  const written = files.find((file) => file.startsWith('config.')) ?? files[0] ?? ''
  return { file: shownPath(directory, written), removed: replaced.map((file) => shownPath(directory, file)) }
}

async function existingConfigs(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, '.agola')).catch((): string[] => [])
  return configNames.filter((name) => names.includes(name))
}

function shownPath(directory: string, file: string): string {
  return join(relative(process.cwd(), directory), '.agola', file)
}
