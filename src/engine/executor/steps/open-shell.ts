import type { Writable } from 'node:stream'
import type { ExecutorStep } from '../../model/executor-task.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { ContainerExec, TtySize } from '../../ports/pod-driver.ts'
import { carryVariables } from '../carried-variables.ts'
import type { ReadyPod } from '../ready-pod.ts'
import { commandScript, toolboxScript } from '../toolbox.ts'
import { stepDirectory } from './run.ts'

export interface ShellRequest {
  /** Empty: the shell of the step, else the one of the toolbox. */
  command: readonly string[]
  /** null: output and errors apart, no terminal. */
  tty: TtySize | null
  /** Below what the step itself sets, such as TERM. */
  environment: Record<string, string>
  stdout: Writable
  /** null with a terminal. */
  stderr: Writable | null
}

/** Starts a command in the pod with the user, the directory and the environment of a step. What it prints is nobody's log: it is neither
 *  stored nor masked. */
export function openShell(
  step: ExecutorStep,
  pod: ReadyPod,
  request: ShellRequest,
  options?: CallOptions,
): Promise<ContainerExec> {
  const { command, tty, stdout, stderr } = request
  const isRun = step.type === 'run'
  const directory = isRun ? stepDirectory(step, pod) : pod.facts.workingDir
  const [shell = '/bin/sh'] = ((isRun && step.shell) || pod.spec.shell).split(' ').filter((word) => word !== '')
  const words = command.length === 0 ? ['shell', shell] : ['command', ...command]
  const environment = { ...request.environment, ...pod.spec.environment, ...(isRun ? step.environment : {}) }
  const carried = carryVariables(pod.pod, pod.environmentWith(environment))
  return pod.start(
    {
      command: toolboxScript(pod.pod, commandScript(pod.pod, carried.prefix), [directory, ...words]),
      environment: { ...environment, ...carried.environment },
      tty,
      stdin: true,
      stdout,
      stderr: tty === null ? stderr : null,
    },
    options,
  )
}
