import { posix } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import { ownValue } from '../std/own-value.ts'
import type { TemplateWorld } from './key-template.ts'
import { OutputCollector } from './ready-pod.ts'
import type { StepContext } from './steps/step-context.ts'
import { applet, toolboxScript } from './toolbox.ts'

const hashedBytesMax = 1024 * 1024

/** What key templates see of the main container: files are hashed there, as the user of the steps. */
export function templateWorld(context: StepContext): TemplateWorld {
  const { pod, clock, task } = context
  return {
    arch: pod.pod.arch,
    now: clock.now(),
    env: async (name) => ownValue(task.spec.environment, name) ?? (await readVariable(name, context)),
    hash: (algorithm, file) => hashFile(algorithm, file, context),
  }
}

/** From the container or its image. */
async function readVariable(name: string, { pod, log, interrupted }: StepContext): Promise<string> {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return ''
  const stdout = new OutputCollector()
  const command = toolboxScript(pod.pod, `printf %s "\${${name}-}"`)
  await pod.run({ command, stdout, stderr: log }, interrupted)
  return stdout.text
}

async function hashFile(algorithm: 'md5' | 'sha256', file: string, context: StepContext): Promise<string> {
  if (file === '') throw new AgolaError('templateInvalid', `${algorithm}sum needs the name of a file`)
  const { pod, interrupted } = context
  const path = posix.normalize(pod.path(file))
  const script = `if ! [ -f "$1" ]; then echo missing; exit 0; fi
size=$(${applet(pod.pod, 'stat')} -L -c %s -- "$1") || exit 1
if [ "$size" -gt ${hashedBytesMax} ]; then echo large "$size"; exit 0; fi
${applet(pod.pod, `${algorithm}sum`)} <"$1"`
  const stdout = new OutputCollector()
  const command = toolboxScript(pod.pod, script, [path])
  const exitCode = await pod.run({ command, stdout, stderr: context.log }, interrupted)
  const [word = '', size] = stdout.text.trim().split(/\s+/)
  if (word === 'missing') throw new AgolaError('templateInvalid', `${algorithm}sum: there is no file "${path}"`)
  if (word === 'large') {
    throw new AgolaError(
      'templateInvalid',
      `${algorithm}sum: the file "${path}" has ${size} bytes, more than ${hashedBytesMax}`,
    )
  }
  if (exitCode !== 0 || !/^[0-9a-f]{32,64}$/.test(word)) {
    throw new AgolaError('templateInvalid', `${algorithm}sum: the file "${path}" could not be read`)
  }
  return word
}
