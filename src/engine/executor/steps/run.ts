import type { Writable } from 'node:stream'
import { messageOf } from '../../model/errors.ts'
import type { ExecutorStep } from '../../model/executor-task.ts'
import type { ContainerExec } from '../../ports/pod-driver.ts'
import { carryVariables } from '../carried-variables.ts'
import { expandHome, resolveIn } from '../container-path.ts'
import type { ReadyPod } from '../ready-pod.ts'
import { StepOutput } from '../step-output.ts'
import { runScript, toolboxScript } from '../toolbox.ts'
import type { StepContext } from './step-context.ts'

/** A longer text would not fit into one argument of a command (Linux takes 128 KiB). */
const scriptBytesMax = 100 * 1024

/** The step had its grace already; this is for the services beside it. */
const podStopGraceMs = 1_000

export type RunStep = Extract<ExecutorStep, { type: 'run' }>

/** Runs the text of the step in the shell of the image (spec/executor.md 10.1): one command in the pod, whose exit code is returned. */
export async function runRunStep(step: RunStep, context: StepContext): Promise<number> {
  const { pod, spec } = { pod: context.pod, spec: context.task.spec }
  const directory = stepDirectory(step, context.pod)
  const script = Buffer.from(`${step.command}\n`)
  const name = `agola-step-${context.random.uuid()}`
  const shell = (step.shell || spec.shell || '/bin/sh -e').split(' ').filter((word) => word !== '')
  const inline = script.length <= scriptBytesMax && !script.includes(0)
  if (!inline) {
    const exitCode = await uploadScript(script, directory, name, step, context)
    if (exitCode !== 0) return exitCode
  }
  const parts = inline ? ['1', script.toString()] : ['-1']
  context.interrupted.throwIfAborted()
  // Standard output and errors mix in the log, but not within a line that names a mask.
  const [stdout, stderr] = [outputOf(context), step.tty ? null : outputOf(context)]
  // Its first output can come before the engine has said that it runs: an interrupt then has to reach it like any other.
  const carried = carryVariables(pod.pod, pod.environmentWith(step.environment))
  const command = toolboxScript(pod.pod, runScript(pod.pod, carried.prefix), [directory, name, ...parts, ...shell])
  const tty = step.tty ? context.ttySize : null
  const environment = { ...step.environment, ...carried.environment }
  const request = { command, environment, tty, stdout, stderr }
  try {
    return await waitGracefully(await pod.start(request, { signal: context.killed }), context)
  } finally {
    for (const output of [stdout, stderr]) if (output instanceof StepOutput) await output.close()
  }
}

function outputOf({ log, addMask }: StepContext): Writable {
  return addMask === null ? log : new StepOutput(log, addMask)
}

/** `~` is the home that the step itself sees. */
export function stepDirectory(step: RunStep, pod: ReadyPod): string {
  if (step.workingDir === '') return pod.facts.workingDir
  const home = step.environment.HOME || pod.facts.home
  return resolveIn(pod.facts.workingDir, expandHome(step.workingDir, home))
}

async function uploadScript(
  script: Buffer,
  directory: string,
  name: string,
  { environment }: RunStep,
  context: StepContext,
): Promise<number> {
  const { pod, log } = context
  const exec = await pod.start(
    {
      command: toolboxScript(pod.pod, runScript(pod.pod), [directory, name, '0']),
      // TMPDIR and HOME say where the step will look for it.
      environment,
      stdin: true,
      stdout: log,
      stderr: log,
    },
    { signal: context.interrupted },
  )
  exec.stdin?.on('error', () => undefined)
  exec.stdin?.end(script)
  return await exec.wait({ signal: context.interrupted })
}

/** Waits for the command. Interrupted, it gets INT, after half the grace TERM, after the other half the end of its pod
 *  (spec/local-runs.md 9); what it prints meanwhile is still logged, and its exit code kept. */
async function waitGracefully(exec: ContainerExec, context: StepContext): Promise<number> {
  const ended = new AbortController()
  const stopping = stopGracefully(exec, context, ended.signal)
  try {
    return await exec.wait({ signal: context.killed })
  } finally {
    ended.abort()
    await stopping
  }
}

async function stopGracefully(exec: ContainerExec, context: StepContext, ended: AbortSignal): Promise<void> {
  const { clock, interrupted, stopGraceMs } = context
  const over = AbortSignal.any([ended, context.killed])
  const options = { signal: over }
  const measures = [
    () => exec.kill('INT', options),
    () => clock.sleep(stopGraceMs / 2, over),
    () => exec.kill('TERM', options),
    () => clock.sleep(stopGraceMs / 2, over),
    () => context.pod.pod.stop(podStopGraceMs, options),
  ]
  if (!(await aborted(interrupted, over))) return
  context.noteInterrupted()
  for (const measure of measures) {
    if (over.aborted) return
    await measure().catch((error: unknown) => {
      // A measure that fails is no reason to leave out the next, stronger one.
      if (!over.aborted) context.log.line(`agola: the step could not be interrupted: ${messageOf(error)}`)
    })
  }
}

/** Whether `signal` aborts before `over` does. */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted || over.aborted) return resolve(signal.aborted)
    signal.addEventListener('abort', () => resolve(true), { once: true, signal: over })
    over.addEventListener('abort', () => resolve(false), { once: true })
  })
}
