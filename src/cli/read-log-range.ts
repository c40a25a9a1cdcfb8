import type { Runs } from '../engine/ports/runs.ts'

/** Bytes of a stored log; fewer at its end. `step` −1 is the set-up. */
export async function readLogRange(
  runs: Runs,
  place: { run: number; task: string; step: number },
  { offset, length }: { offset: number; length: number },
): Promise<Uint8Array> {
  const step = place.step < 0 ? null : place.step
  const log = await runs.openLog({ number: place.run, task: place.task, step })
  const found: Buffer[] = []
  let position = 0
  // Leaving the loop early closes the log.
  for await (const chunk of log) {
    const bytes = chunk as Buffer
    found.push(bytes.subarray(Math.max(0, offset - position), Math.max(0, offset + length - position)))
    position += bytes.length
    if (position >= offset + length) break
  }
  return Buffer.concat(found)
}
