import type { Duplex } from 'node:stream'
import type { PodOpened } from '../../../ports/pod-driver.ts'
import { Demultiplexer } from './demultiplexer.ts'
import { openedPattern, openingPattern } from './spec.ts'

/** The script is ours and says little. */
const outputBytesMax = 64 * 1024

/** Reads what the opening script prints over the attachment, up to its mark. null when the connection ends before, or when it came too
 *  late for the beginning. */
export function readOpening(lifeline: Duplex): Promise<PodOpened | null> {
  const { promise, resolve } = Promise.withResolvers<PodOpened | null>()
  const output = { 1: '', 2: '' }
  const demultiplexer = new Demultiplexer((stream, bytes) => {
    output[stream] = (output[stream] + bytes.toString('utf8')).slice(-outputBytesMax)
    const mark = openedPattern.exec(output[1])
    if (mark === null) return
    lifeline.off('data', onData)
    const printed = output[1].slice(0, mark.index)
    const stdout = printed.replace(openingPattern, '')
    resolve(stdout === printed ? null : { exitCode: Number(mark[1]), stdout, stderr: output[2] })
  })
  const onData = (chunk: Buffer) => demultiplexer.push(chunk)
  lifeline.on('data', onData)
  lifeline.once('close', () => resolve(null))
  return promise
}
