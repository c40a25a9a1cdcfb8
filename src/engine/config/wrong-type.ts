import type { Cursor } from './cursor.ts'
import { quote } from './describe-value.ts'

export type ExpectedType = 'a string' | 'a list' | 'an object' | 'true or false' | 'a whole number'

/** What to write into a field, by its key, and as an item of a list, by the key of the list. Fields of one key are alike everywhere. */
const examples: Readonly<Record<string, string>> = {
  runs: 'write runs: [{ name: …, tasks: [...] }]',
  'runs[]': 'write { name: …, tasks: [...] }',
  tasks: 'write tasks: [{ name: …, runtime: …, steps: [...] }]',
  'tasks[]': 'write { name: …, runtime: …, steps: [...] }',
  runtime: 'write runtime: { containers: [{ image: … }] }',
  containers: 'write containers: [{ image: … }]',
  'containers[]': 'write { image: … }',
  entrypoint: 'write one string, which is split at spaces: "/bin/server -v"',
  volumes: 'write volumes: [{ path: /name, tmpfs: {} }]',
  'volumes[]': 'write { path: /name, tmpfs: {} }',
  tmpfs: 'write tmpfs: {} or tmpfs: { size: 1Gi }',
  environment: 'write environment: { NAME: value }',
  shell: 'write one string, which is split at spaces: "/bin/bash -eu"',
  depends: 'write depends: [name, { name: [on_failure] }]',
  steps: 'write steps: [{ run: … }]',
  clone: 'write { clone: {} }, in YAML "- clone:"',
  save_to_workspace: 'write save_to_workspace: { contents: [{ source_dir: … }] }',
  restore_workspace: 'write restore_workspace: { dest_dir: … }',
  save_cache: 'write save_cache: { key: …, contents: [{ source_dir: … }] }',
  restore_cache: 'write restore_cache: { keys: [...] }',
  contents: 'write contents: [{ source_dir: … }]',
  'contents[]': 'write { source_dir: … }',
  when: 'write when: { branch: … }',
  docker_registries_auth: 'write docker_registries_auth: { host: { username: …, password: { from_variable: … } } }',
}
const credentials = 'write { username: …, password: { from_variable: … } }'

/** An example of what belongs to the place of a cursor; null where there is none. */
export function exampleFor({ key, parent }: Cursor): string | null {
  if (parent === null) return examples.runs ?? null
  const parentKey = String(parent.key).toLowerCase()
  // Registries have free names, which may be those of fields.
  if (parentKey === 'docker_registries_auth') return credentials
  const name = typeof key === 'number' ? `${parentKey}[]` : key.toLowerCase()
  return Object.hasOwn(examples, name) ? (examples[name] ?? null) : null
}

/** What to write in place of a value of another type. Never repeats more of it than one string. */
export function hintForType(cursor: Cursor, expected: ExpectedType): string {
  return exampleFor(cursor) ?? generalHint(cursor.value, expected)
}

function generalHint(value: unknown, expected: ExpectedType): string {
  const isText = typeof value === 'string'
  switch (expected) {
    case 'a string':
      return typeof value === 'number' || typeof value === 'boolean' ? 'write it in quotes' : 'write one string'
    case 'a list':
      return isText ? `put it into a list: [${quote(value)}]` : 'write a list: [...]'
    case 'an object':
      return 'write an object: { … }'
    case 'true or false':
      return isText ? 'write true or false, without quotes' : 'write true or false'
    case 'a whole number':
      return isText && /^\d{1,9}$/.test(value) ? `write it without quotes: ${value}` : 'write a number such as 1'
  }
}
