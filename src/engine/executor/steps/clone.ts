import { pipeline } from 'node:stream/promises'
import { AgolaError } from '../../model/errors.ts'
import type { ExecutorStep } from '../../model/executor-task.ts'
import { extractSourceScript } from '../archive/pod-scripts.ts'
import { formatBytes } from '../format-bytes.ts'
import { toolboxScript } from '../toolbox.ts'
import type { StepContext } from './step-context.ts'

export type CloneStep = Extract<ExecutorStep, { type: 'clone' }>

/** Copies the source into the working directory, which has to be empty as `git clone` wants it (spec/local-runs.md 5.3). */
export async function runCloneStep(step: CloneStep, context: StepContext): Promise<number> {
  const { pod, log, task, interrupted: signal } = context
  const source = await context.sources.openSource(
    { runId: task.runId, depth: step.depth, recurseSubmodules: step.recurseSubmodules },
    { signal },
  )
  const size = source.sizeBytes === null ? '' : ` (${formatBytes(source.sizeBytes)})`
  const what = source.commitSha === '' ? 'the directory' : `commit ${source.commitSha}`
  log.line(`copying ${what}${size} into ${pod.facts.workingDir}`)
  const command = toolboxScript(pod.pod, extractSourceScript(pod.pod), [pod.facts.workingDir || '.'])
  const exec = await pod.start({ command, stdin: true, stdout: log, stderr: log }, { signal })
  const { stdin } = exec
  if (stdin === null)
    throw new AgolaError('assertionFailed', 'a command without the standard input it was asked to have')
  const ended = exec.wait({ signal })
  const sent = pipeline(source.stream(), stdin, { signal })
  // When the command ends early its exit code is what counts, and sending fails for that reason.
  sent.catch(() => undefined)
  const exitCode = await ended
  if (exitCode !== 0) return exitCode
  await sent
  warnWithoutGit(context)
  return 0
}

/** Said once for an image: the server's clone step runs git in the container. */
function warnWithoutGit({ pod, log, task, imagesWithoutGit }: StepContext): void {
  const image = task.spec.containers[0]?.image ?? ''
  if (pod.facts.hasGit || imagesWithoutGit.has(image)) return
  imagesWithoutGit.add(image)
  log.line(`warning: the image ${image} has no git: on a server, where this step runs git, it would fail`)
}
