type Schema = { [key: string]: unknown }

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const text = (description: string): Schema => ({ type: 'string', description })
const flag = (description: string, initial: boolean): Schema => ({ type: 'boolean', default: initial, description })
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })

/** Plain text fields take numbers and booleans too, which are written out. */
const scalar = (description: string, more: Schema = {}): Schema => ({
  type: ['string', 'number', 'boolean'],
  description,
  ...more,
})

function object(properties: Schema, more: Schema = {}): Schema {
  return { type: 'object', properties, additionalProperties: false, ...more }
}

function list(items: Schema, description: string, more: Schema = {}): Schema {
  return { type: ['array', 'null'], items, description, ...more }
}

const stepFields = {
  name: text('Shown in the output.'),
  when: ref('when'),
}

const stepBodies: Record<string, { properties: Schema; required?: string[]; description: string }> = {
  clone: {
    description: 'Fetches the repository into the working directory, which must be empty.',
    properties: {
      depth: { type: 'integer', minimum: 1, description: 'Commits of history; all of it unless given.' },
      recurse_submodules: flag('Fetch submodules too.', false),
    },
  },
  run: {
    description: 'Runs a command in the first container.',
    required: ['command'],
    properties: {
      command: { type: 'string', minLength: 1, description: 'A shell script. One of several lines needs a name.' },
      environment: ref('environment'),
      working_dir: text("Instead of the task's; it must exist."),
      shell: text("Instead of the task's."),
      tty: flag('Give the command a terminal.', true),
    },
  },
  save_to_workspace: {
    description: 'Hands files on to the tasks that depend on this one.',
    properties: { contents: ref('contents') },
  },
  restore_workspace: {
    description: 'Brings in the files that the tasks before this one saved.',
    properties: { dest_dir: text('Where to; the working directory unless given.') },
  },
  save_cache: {
    description: 'Keeps files for later runs, unless the key is there already.',
    required: ['key'],
    properties: { key: { ...text('A name with {{ templates }}.'), minLength: 1 }, contents: ref('contents') },
  },
  restore_cache: {
    description: 'Brings in the files of the first key that is found.',
    required: ['keys'],
    properties: {
      keys: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'Tried in this order; each is a prefix too.',
      },
      dest_dir: text('Where to.'),
    },
  },
}

/** One object for each step and form: `{ type: run, command }`, `{ run: { command } }`, `{ run: make }`, `{ clone: null }`. */
function stepForms(): Schema[] {
  return Object.entries(stepBodies).flatMap(([type, { properties, required = [], description }]) => {
    const body = object({ ...stepFields, ...properties }, required.length === 0 ? {} : { required })
    const short: Schema[] = [body]
    if (required.length === 0) short.push({ type: 'null' })
    if (type === 'run') short.push({ type: 'string', minLength: 1 })
    return [
      object({ type: { const: type, description }, ...stepFields, ...properties }, { required: ['type', ...required] }),
      object({ [type]: { description, anyOf: short } }, { required: [type] }),
    ]
  })
}

const conditions = ['on_success', 'on_failure', 'on_skipped']
const conditionList = { type: 'array', items: { enum: conditions } }

const definitions: Schema = {
  run: object(
    {
      name: scalar('Unique in the file.', { minLength: 1, maxLength: 100 }),
      when: ref('when'),
      tasks: list(ref('task'), 'The tasks; those that do not depend on each other run at the same time.'),
      docker_registries_auth: ref('registriesAuth'),
      task_timeout_interval: ref('duration'),
    },
    { required: ['name'] },
  ),
  task: object(
    {
      name: scalar('Unique in its run.', { minLength: 1, maxLength: 100 }),
      runtime: ref('runtime'),
      environment: ref('environment'),
      working_dir: scalar('Where steps start; made when it is not there.', { default: '~/project' }),
      shell: scalar('What commands are given to.', { default: '/bin/sh -e' }),
      user: scalar("Instead of the image's."),
      steps: list(ref('step'), 'Done in this order, until one fails.'),
      depends: list(ref('depend'), 'Tasks that have to end before this one starts.'),
      ignore_failure: flag('Its failure does not fail the run.', false),
      approval: flag('Somebody has to approve it before it starts.', false),
      when: ref('when'),
      docker_registries_auth: ref('registriesAuth'),
      task_timeout_interval: ref('duration'),
    },
    { required: ['name', 'runtime'] },
  ),
  runtime: object(
    {
      type: { const: 'pod', default: 'pod' },
      arch: { enum: ['386', 'amd64', 'arm', 'arm64', 386], description: 'Any unless given.' },
      containers: {
        type: 'array',
        items: ref('container'),
        minItems: 1,
        description: 'The first is the one that steps run in; the others are services on the same network.',
      },
    },
    { required: ['containers'] },
  ),
  container: object(
    {
      image: scalar('Name and tag.', { minLength: 1 }),
      environment: ref('environment'),
      user: scalar("Instead of the image's."),
      privileged: flag('Only where the executor allows it.', false),
      entrypoint: scalar("Instead of the image's; split at single spaces."),
      volumes: list(ref('volume'), 'Further mounts.'),
    },
    { required: ['image'] },
  ),
  volume: object(
    {
      path: { ...text('Absolute.'), pattern: '^/' },
      tmpfs: object({
        size: {
          type: ['string', 'number', 'null'],
          minimum: 0,
          description: '512Mi, 1Gi, 100M or a number of bytes.',
          pattern: '^\\s*\\+?(\\d+\\.?\\d*|\\.\\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\\d+)?\\s*$',
        },
      }),
    },
    { required: ['path', 'tmpfs'] },
  ),
  step: { oneOf: stepForms() },
  contents: list(
    object({
      source_dir: text('What to save; the working directory unless given.'),
      dest_dir: text('Where it lies in the archive.'),
      paths: list({ type: 'string' }, 'Patterns below source_dir.', { default: ['**'] }),
    }),
    'Directories to save.',
  ),
  depend: {
    anyOf: [
      { type: 'string', description: 'A task that must succeed.' },
      object(
        { task: { type: 'string' }, conditions: { ...conditionList, default: ['on_success'] } },
        { required: ['task'] },
      ),
      { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: conditionList },
    ],
  },
  when: orNull(object({ branch: ref('condition'), tag: ref('condition'), ref: ref('condition') })),
  condition: {
    description: 'Compared as it is, or a regular expression between # or /. Included ones are joined with "or".',
    anyOf: [ref('oneOrMore'), object({ include: ref('oneOrMore'), exclude: ref('oneOrMore') }), { type: 'null' }],
  },
  oneOrMore: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }, { type: 'null' }] },
  environment: { type: ['object', 'null'], additionalProperties: ref('value') },
  value: {
    anyOf: [
      { type: 'string' },
      object({ from_variable: { type: 'string', minLength: 1 } }, { required: ['from_variable'] }),
    ],
  },
  registriesAuth: {
    type: ['object', 'null'],
    description: 'Credentials by registry; index.docker.io is Docker Hub.',
    additionalProperties: object({
      type: { enum: ['basic', 'encodedauth'], default: 'basic' },
      username: ref('value'),
      password: ref('value'),
      auth: ref('value'),
    }),
  },
  duration: {
    description: '90s, 15m or 1h30m; a number counts nanoseconds. 0s: none.',
    anyOf: [
      { type: 'string', pattern: '^\\+?(0|((\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)$' },
      { type: 'number', minimum: 0 },
      { type: 'null' },
    ],
  },
}

/** JSON Schema (draft 2020-12) of the format, for editors. It is stricter than the reader in one way only: keys are written as they are. */
export function configSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'agola config',
    description: 'What .agola/config.yml and .agola/config.json hold, and what .agola/config.jsonnet evaluates to.',
    ...object(
      {
        $schema: { type: 'string' },
        runs: {
          type: 'array',
          items: ref('run'),
          minItems: 1,
          description: 'Started for every commit that their when allows.',
        },
        docker_registries_auth: ref('registriesAuth'),
        task_timeout_interval: ref('duration'),
      },
      { required: ['runs'] },
    ),
    $defs: definitions,
  }
}
