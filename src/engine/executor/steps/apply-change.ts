import { pipeline } from 'node:stream/promises'
import { AgolaError } from '../../model/errors.ts'
import type { TreeChange } from '../../ports/source-provider.ts'
import { applyChangeScript } from '../archive/pod-scripts.ts'
import { OutputCollector, type ReadyPod } from '../ready-pod.ts'
import { toolboxScript } from '../toolbox.ts'

const listBlockBytes = 4096

/** Changes files in the working directory, where the clone step has put the checkout, as the user of the steps. */
export async function applyChange(pod: ReadyPod, change: TreeChange, signal: AbortSignal): Promise<void> {
  const files = nameList(change.replacedPaths)
  const directories = nameList(change.emptiedDirectories)
  const blocks = [files, directories].map((list) => String(list.length / listBlockBytes))
  const stderr = new OutputCollector()
  const parameters = [pod.facts.workingDir || '.', ...blocks]
  const command = toolboxScript(pod.pod, applyChangeScript(pod.pod), parameters)
  const exec = await pod.start({ command, stdin: true, stdout: null, stderr }, { signal })
  const { stdin } = exec
  if (stdin === null)
    throw new AgolaError('assertionFailed', 'a command without the standard input it was asked to have')
  const ended = exec.wait({ signal })
  const sent = send()
  // When the command ends early its exit code is what counts, and sending fails for that reason.
  sent.catch(() => undefined)
  const exitCode = await ended
  if (exitCode !== 0)
    throw new AgolaError('archiveInvalid', `the change could not be made in the pod: ${stderr.text.trim()}`)
  await sent

  async function send(): Promise<void> {
    if (stdin === null) return
    stdin.write(files)
    stdin.write(directories)
    await pipeline(change.stream(), stdin, { signal })
  }
}

/** Names, which are byte strings, each ended by NUL, filled up to whole blocks with more NUL. */
function nameList(names: readonly string[]): Buffer {
  const text = Buffer.from(names.map((name) => `./${name}\0`).join(''), 'latin1')
  return Buffer.concat([text, Buffer.alloc((listBlockBytes - (text.length % listBlockBytes)) % listBlockBytes)])
}
