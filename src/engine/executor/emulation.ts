import { AgolaError, messageOf } from '../model/errors.ts'
import type { ExecutorTaskSpec } from '../model/executor-task.ts'
import type { Arch } from '../model/run-config.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Pod, PodDriver } from '../ports/pod-driver.ts'
import type { LogFile } from './log-file.ts'
import { OutputCollector, startCommand, waitOrKill } from './ready-pod.ts'

/** A program that nearly every image has. What the pod itself runs is ours, and made for the machine of the engine. */
const probe = ['/bin/sh', '-c', ':']

/** The processors that have to emulate those which a task wants (spec/local-runs.md 16); null: nothing is emulated. */
export async function archsOfEmulator(
  { arch }: ExecutorTaskSpec,
  driver: PodDriver,
  options: CallOptions,
): Promise<readonly Arch[] | null> {
  if (arch === '') return null
  const { archs, images } = await driver.capabilities(options)
  return images && !archs.includes(arch) ? archs : null
}

/** Says that a pod is emulated, or throws `imageInvalid` when the engine cannot do that. An image without a shell tells nothing: its
 *  steps then show it. */
export async function checkEmulation(
  pod: Pod,
  spec: ExecutorTaskSpec,
  archs: readonly Arch[],
  { log, signal }: { log: LogFile; signal: AbortSignal },
): Promise<void> {
  const output = new OutputCollector()
  const request = { command: probe, stdout: output, stderr: output }
  const complaint = await startCommand(pod, spec, request, { signal })
    .then(async (exec) => ((await waitOrKill(exec, signal)) === 0 ? '' : output.text))
    .catch((error: unknown) => {
      if (signal.aborted) throw error
      return messageOf(error)
    })
  if (isOfForeignProgram(complaint)) throw cannotEmulate(spec.arch, archs)
  log.line(`warning: ${spec.arch} is emulated on ${archs.join(', ')}: that is slow, and not all programs bear it`)
}

/** What an engine or a kernel says that cannot run a program. */
export function isOfForeignProgram(complaint: string): boolean {
  return /exec format error|cannot execute binary file/i.test(complaint)
}

export function cannotEmulate(arch: Arch | '', archs: readonly Arch[], cause?: unknown): AgolaError {
  const message =
    `the container engine runs ${archs.join(', ')} and cannot emulate ${arch}: install qemu-user-static with binfmt support on its ` +
    'machine, choose another `arch`, or leave such tasks out with --arch-mismatch=skip'
  return new AgolaError('imageInvalid', message, { cause })
}
