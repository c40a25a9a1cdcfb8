import type { ConfigTask } from './config.ts'
import type { Cursor } from './cursor.ts'
import type { ParseContext } from './parse-context.ts'
import { type PlacedDepend, parseDepends } from './parse-depends.ts'
import { parseRegistriesAuth } from './parse-registry-auth.ts'
import { parseRuntime } from './parse-runtime.ts'
import { parseStep } from './parse-step.ts'
import { parseTimeout } from './parse-timeout.ts'
import { parseEnvironment } from './parse-value.ts'
import { parseWhen } from './parse-when.ts'
import { readBoolean, readList, readText } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'
import { readName } from './read-name.ts'

const taskShape = shape(
  'a task',
  [
    'name',
    'runtime',
    'environment',
    'working_dir',
    'shell',
    'user',
    'steps',
    'depends',
    'ignore_failure',
    'approval',
    'when',
    'docker_registries_auth',
    'task_timeout_interval',
  ],
  {
    image: 'write runtime: { containers: [{ image: … }] }',
    containers: 'write it into "runtime"',
    arch: 'write it into "runtime"',
    depends_on: 'write "depends"',
    needs: 'write "depends"',
    env: 'write "environment"',
    script: 'write steps: [{ run: … }]',
    run: 'write steps: [{ run: … }]',
    services: 'write further containers into "runtime"; they share the network of the first',
    timeout: 'write "task_timeout_interval"',
    allow_failure: 'write "ignore_failure"',
    volumes: 'write it into a container of "runtime"',
  },
)
const defaultWorkingDir = '~/project'

/** A task with the places of its dependencies. null, with a problem, when it is none. */
export interface PlacedTask {
  cursor: Cursor
  task: ConfigTask
  depends: PlacedDepend[]
}

export function parseTask(cursor: Cursor, context: ParseContext): PlacedTask | null {
  if (cursor.value === null) {
    context.problems.error(cursor, 'task_empty', 'the task is empty', {
      found: 'null',
      hint: 'remove it, or write { name: … }',
    })
    return null
  }
  const fields = readFields(cursor, taskShape, context)
  if (fields === null) return null
  const { problems } = context
  const depends = parseDepends(fields.get('depends'), context)
  const task: ConfigTask = {
    name: readName('task', fields, problems),
    runtime: parseRuntime(fields.get('runtime'), cursor, context),
    environment: parseEnvironment(fields.get('environment'), context),
    workingDir: readText(fields.get('working_dir'), problems) || defaultWorkingDir,
    shell: readText(fields.get('shell'), problems),
    user: readText(fields.get('user'), problems),
    steps: readList(fields.get('steps'), problems).flatMap((step) => parseStep(step, context) ?? []),
    depends: depends.map(({ task, conditions }) => ({ task, conditions })),
    ignoreFailure: readBoolean(fields.get('ignore_failure'), problems, false),
    approval: readBoolean(fields.get('approval'), problems, false),
    when: parseWhen(fields.get('when'), context),
    dockerRegistriesAuth: parseRegistriesAuth(fields.get('docker_registries_auth'), context),
    taskTimeoutIntervalMs: parseTimeout(fields.get('task_timeout_interval'), context),
  }
  return { cursor, task, depends }
}
