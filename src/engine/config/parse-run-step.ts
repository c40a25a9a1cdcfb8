import type { RunStep } from '../model/run-config.ts'
import type { Cursor } from './cursor.ts'
import { cutBytes } from './cut-bytes.ts'
import type { ParseContext } from './parse-context.ts'
import { ignoreWhen } from './parse-step-when.ts'
import { parseEnvironment } from './parse-value.ts'
import { readBoolean, readScript, readString } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'

export const runShape = shape(
  'a run step',
  ['type', 'name', 'when', 'command', 'environment', 'working_dir', 'shell', 'tty'],
  {
    user: 'write "user" into the task',
    run: 'write "command"',
    env: 'write "environment"',
    script: 'write "command"; several lines are one text',
    commands: 'write "command"; several lines are one text',
    image: 'all steps of a task run in its first container: write it into runtime.containers',
    'working-directory': 'write "working_dir"',
  },
)
const nameBytesMax = 100

/** The fields of a run step, or its command alone. */
export function parseRunStep(cursor: Cursor, context: ParseContext): RunStep | null {
  if (typeof cursor.value === 'string') return complete(plainStep(cursor.value), cursor, cursor, context)
  const fields = readFields(cursor, runShape, context)
  if (fields === null) return null
  ignoreWhen(fields, context)
  const { problems } = context
  const step: RunStep = {
    ...plainStep(readScript(fields.get('command'), problems)),
    name: readString(fields.get('name'), problems),
    environment: parseEnvironment(fields.get('environment'), context),
    workingDir: readString(fields.get('working_dir'), problems),
    shell: readString(fields.get('shell'), problems),
    tty: readBoolean(fields.get('tty'), problems, true),
  }
  return complete(step, fields.get('command'), cursor, context)
}

function plainStep(command: string): RunStep {
  return { type: 'run', name: '', command, environment: {}, workingDir: '', shell: '', tty: true }
}

/** Checks the command and names the step after it where it has no name. */
function complete(step: RunStep, command: Cursor | null, cursor: Cursor, context: ParseContext): RunStep {
  const value = command?.value ?? ''
  if (value === '') {
    context.problems.error(command ?? cursor, 'run_no_command', 'the run step has no command', {
      hint: 'write { run: … } or { type: run, command: … }',
      atKey: true,
    })
    return step
  }
  // A text block ends with a line end of its own: a single line in one needs no name.
  const text = step.command.replace(/\n$/, '')
  if (step.name !== '') return step
  if (text.includes('\n')) {
    context.problems.error(cursor, 'run_name_required', 'a run step whose command has several lines needs a name', {
      hint: 'write name: beside command:',
    })
  }
  return { ...step, name: cutBytes(text, nameBytesMax) }
}
