import type { DockerRegistryAuth } from '../model/run-config.ts'
import type { Cursor } from './cursor.ts'
import { describeValue } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { parseOptionalValue } from './parse-value.ts'
import { readEntries, readText } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'

const authShape = shape('an entry of docker_registries_auth', ['type', 'username', 'password', 'auth'])

/** Credentials by registry (spec/config.md 6.7). */
export function parseRegistriesAuth(cursor: Cursor | null, context: ParseContext): Record<string, DockerRegistryAuth> {
  return Object.fromEntries(
    readEntries(cursor, context.problems).flatMap(([registry, entry]) => {
      const auth = parseRegistryAuth(registry, entry, context)
      return auth === null ? [] : [[registry, auth]]
    }),
  )
}

function parseRegistryAuth(registry: string, cursor: Cursor, context: ParseContext): DockerRegistryAuth | null {
  if (cursor.value === null) {
    context.problems.error(cursor, 'registry_auth_empty', `the credentials of registry "${registry}" are empty`, {
      found: 'null',
      hint: 'write { username: …, password: { from_variable: … } }, or leave the registry out',
      atKey: true,
    })
    return null
  }
  const fields = readFields(cursor, authShape, context)
  if (fields === null) return null
  return {
    type: parseType(fields.get('type'), context),
    username: parseOptionalValue(fields.get('username'), context),
    password: parseOptionalValue(fields.get('password'), context),
    auth: parseOptionalValue(fields.get('auth'), context),
  }
}

function parseType(cursor: Cursor | null, context: ParseContext): DockerRegistryAuth['type'] {
  const type = readText(cursor, context.problems)
  if (type === '' || type === 'basic' || type === 'encodedauth') return type === '' ? 'basic' : type
  if (cursor !== null) {
    context.problems.error(
      cursor,
      'registry_auth_bad_type',
      'the type of registry credentials is basic or encodedauth',
      {
        found: describeValue(cursor.value),
      },
    )
  }
  return 'basic'
}
