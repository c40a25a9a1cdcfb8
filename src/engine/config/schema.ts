type Schema = { [key: string]: unknown }

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` })
const withoutNul = '^[^\\u0000]*$'
const plain: Schema = { type: 'string', pattern: withoutNul }
const needed: Schema = { ...plain, minLength: 1 }
const flag = (description: string, initial: boolean): Schema => ({
  type: ['boolean', 'null'],
  default: initial,
  description,
})
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })

/** A field that may be left out, also by null. */
const text = (description: string): Schema => ({ ...plain, type: ['string', 'null'], description })

/** Plain text fields take numbers and booleans too, which are written out. */
const scalar = (description: string, more: Schema = {}): Schema => ({
  type: ['string', 'number', 'boolean', 'null'],
  pattern: withoutNul,
  description,
  ...more,
})
const neededScalar = (description: string, more: Schema): Schema =>
  scalar(description, { type: ['string', 'number', 'boolean'], minLength: 1, ...more })

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

/** The line end of a text block does not count. */
const oneLine = '^[^\\n]*\\n?$'

interface StepBody {
  description: string
  properties: Schema
  required?: string[]
  /** What further holds for the fields together. */
  more?: Schema
}

const stepBodies: Record<string, StepBody> = {
  clone: {
    description: 'Fetches the repository into the working directory, which must be empty.',
    properties: {
      depth: {
        type: ['integer', 'null'],
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Commits of history; all of it unless given.',
      },
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
    more: {
      anyOf: [
        { properties: { command: { pattern: oneLine } } },
        { properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] },
      ],
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
    properties: { key: { ...needed, description: 'A name with {{ templates }}.' }, contents: ref('contents') },
  },
  restore_cache: {
    description: 'Brings in the files of the first key that is found.',
    required: ['keys'],
    properties: {
      keys: {
        type: 'array',
        items: needed,
        minItems: 1,
        description: 'Tried in this order; each is a prefix too.',
      },
      dest_dir: text('Where to.'),
    },
  },
}

/** One object for each step and form: `{ type: run, command }`, `{ run: { command } }`, `{ run: make }`, `{ clone: null }`. */
function stepForms(): Schema[] {
  return Object.entries(stepBodies).flatMap(([type, { properties, required = [], more = {}, description }]) => {
    const fields = { ...stepFields, ...properties }
    const body = object(
      { type: { enum: [type, null] }, ...fields },
      required.length === 0 ? more : { required, ...more },
    )
    const short: Schema[] = [body]
    if (required.length === 0) short.push({ type: 'null' })
    if (type === 'run') short.push({ type: 'string', minLength: 1, pattern: oneLine })
    return [
      object({ type: { const: type, description }, ...fields }, { required: ['type', ...required], ...more }),
      object({ [type]: { description, anyOf: short } }, { required: [type] }),
    ]
  })
}

const decimal = '(\\d+\\.?\\d*|\\.\\d+)'
const zero = '(0+\\.?0*|\\.0+)'
const durationUnit = '(ns|us|µs|μs|ms|s|m|h)'
const root = '^/(\\.{0,2}/)*\\.{0,2}$'
const notMatching = (pattern: string): Schema => ({ not: { type: 'string', pattern } })

const conditions = ['on_success', 'on_failure', 'on_skipped']
const conditionList = { type: 'array', items: { enum: conditions } }

const definitions: Schema = {
  run: object(
    {
      name: neededScalar('Unique in the file.', { maxLength: 100 }),
      when: ref('when'),
      tasks: list(ref('task'), 'The tasks; those that do not depend on each other run at the same time.'),
      docker_registries_auth: ref('registriesAuth'),
      task_timeout_interval: ref('duration'),
    },
    { required: ['name'] },
  ),
  task: object(
    {
      name: neededScalar('Unique in its run.', { maxLength: 100 }),
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
      type: { enum: ['pod', '', null], default: 'pod' },
      arch: { enum: ['386', 'amd64', 'arm', 'arm64', 386, '', null], description: 'Any unless given.' },
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
      image: neededScalar('Name and tag.', { pattern: '\\S', ...notMatching('\\u0000') }),
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
      path: { type: 'string', pattern: '^/', ...notMatching(`${root}|\\u0000`), description: 'Absolute, and not /.' },
      tmpfs: object({
        size: {
          type: ['string', 'number', 'null'],
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          description: '512Mi, 1Gi, 100M or a number of bytes.',
          pattern: `^\\s*(\\+?${decimal}|-${zero})([numkMGTPE]|[KMGTPE]i|[eE][+-]?\\d+)?\\s*$`,
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
      paths: list(plain, 'Patterns below source_dir.', { default: ['**'] }),
    }),
    'Directories to save.',
  ),
  depend: {
    anyOf: [
      { ...needed, description: 'A task that must succeed.' },
      object(
        { task: needed, conditions: { ...conditionList, type: ['array', 'null'], default: ['on_success'] } },
        { required: ['task'] },
      ),
      {
        ...{ type: 'object', minProperties: 1, maxProperties: 1 },
        ...{ propertyNames: { minLength: 1 }, additionalProperties: conditionList },
      },
    ],
  },
  when: orNull(object({ branch: ref('condition'), tag: ref('condition'), ref: ref('condition') })),
  condition: {
    description: 'Compared as it is, or a regular expression between # or /. Included ones are joined with "or".',
    anyOf: [ref('oneOrMore'), object({ include: ref('oneOrMore'), exclude: ref('oneOrMore') }), { type: 'null' }],
  },
  oneOrMore: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }, { type: 'null' }] },
  environment: {
    type: ['object', 'null'],
    propertyNames: { pattern: '^[^=\\u0000]+$' },
    additionalProperties: ref('value'),
  },
  value: {
    anyOf: [plain, object({ from_variable: { type: 'string', minLength: 1 } }, { required: ['from_variable'] })],
  },
  registriesAuth: {
    type: ['object', 'null'],
    description: 'Credentials by registry; index.docker.io is Docker Hub.',
    additionalProperties: object({
      type: { enum: ['basic', 'encodedauth', '', null], default: 'basic' },
      username: ref('value'),
      password: ref('value'),
      auth: ref('value'),
    }),
  },
  duration: {
    description: '90s, 15m or 1h30m; a number counts nanoseconds. 0s: none.',
    anyOf: [
      { type: 'string', pattern: `^(\\+?(0|(${decimal}${durationUnit})+)|-(0|(${zero}${durationUnit})+))$` },
      { type: 'number', minimum: 0, maximum: 2 ** 63 },
      { type: 'null' },
    ],
  },
}

/** JSON Schema (draft 2020-12) of the format, for editors. It takes what the reader takes with `--strict`, but for keys in another case, and
 *  for amounts below zero that round to none. It also takes what a schema cannot tell apart:
 *  - names of at most 100 characters that have more than 100 bytes;
 *  - names of runs or tasks, and paths of volumes, that come twice; paths that lead to the root on a detour, such as `/a/..`;
 *  - dependencies on no task, in circles, twice, or implied by others;
 *  - sizes and durations in text that are too large;
 *  - regular expressions that RE2 does not take. */
export function configSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'agola config',
    description: 'What .agola/config.yml and .agola/config.json hold, and what .agola/config.jsonnet evaluates to.',
    ...object(
      {
        $schema: { description: 'For editors; not read.' },
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
