import { parseQuantity } from '../engine/config/quantity.ts'
import { LocalCaches } from '../engine/local-caches.ts'
import { openLocalRuns } from '../engine/local-runs.ts'
import { AgolaError } from '../engine/model/errors.ts'
import { numberOrNewest } from '../engine/newest-run.ts'
import { cacheExplanationJson, cacheExplanationText } from '../views/cache-explanation.ts'
import { cacheListJson, cacheListText } from '../views/cache-list.ts'
import { formatSize } from '../views/format-size.ts'
import { localApprover } from './direct-run.ts'
import { Output } from './output.ts'
import { parseDurationFlag } from './parse-duration-flag.ts'

type OutputForm = 'text' | 'json'

export async function listCaches({ all, output }: { all: boolean; output: OutputForm }): Promise<void> {
  const caches = await (await open(all)).list()
  await print(output === 'json' ? cacheListJson(caches) : cacheListText(caches, { now: Date.now(), all }))
}

export async function removeCaches(
  names: readonly string[],
  { all, prefix }: { all: boolean; prefix: boolean },
): Promise<void> {
  const removed = await (await open(all)).remove(names, { prefix })
  await print(removed.map(({ name, sizeBytes }) => `removed ${name}, ${formatSize(sizeBytes)}\n`).join(''))
}

export interface PruneFlags {
  'max-size': string | undefined
  'older-than': string | undefined
  'dry-run': boolean
}

export async function pruneCaches(flags: PruneFlags): Promise<void> {
  const { 'max-size': maxSize, 'older-than': olderThan, 'dry-run': dryRun } = flags
  const limits = {
    ...(maxSize !== undefined && { bytesMax: parseSizeFlag('max-size', maxSize) }),
    ...(olderThan !== undefined && { unusedMsMax: parseDurationFlag('older-than', olderThan) }),
  }
  const removed = await (await open(true)).prune(limits, { dryRun })
  const size = formatSize(removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))
  const count = `${removed.length} ${removed.length === 1 ? 'cache' : 'caches'}`
  await print(
    removed.length === 0 ? 'nothing to remove\n' : `${dryRun ? 'would remove' : 'removed'} ${count}, ${size}\n`,
  )
}

/** Which key each cache step of a run asked for, and why it got what it got. */
export async function explainCaches(number: number | undefined, { output }: { output: OutputForm }): Promise<void> {
  const [directory, environment] = [process.cwd(), process.env]
  const local = await openLocalRuns({ directory, environment, approver: localApprover() })
  try {
    const found = await local.runs.get(await numberOrNewest(local.runs, number))
    const present = new Set((await (await open(false)).list()).map(({ name }) => name))
    const explanation = { ...found, present }
    await print(output === 'json' ? cacheExplanationJson(explanation) : cacheExplanationText(explanation))
  } finally {
    await local.close()
  }
}

function open(all: boolean): Promise<LocalCaches> {
  return LocalCaches.open({ directory: process.cwd(), environment: process.env, all })
}

async function print(text: string): Promise<void> {
  const stdout = new Output(process.stdout, () => undefined)
  await stdout.write(text)
  await stdout.flush()
}

/** Bytes of a flag such as `--max-size 10GiB`. */
function parseSizeFlag(flag: string, text: string): number {
  const bytes = parseQuantity(text.replace(/b$/i, ''))
  if (bytes !== null && bytes >= 0 && bytes < Infinity) return bytes
  throw new AgolaError('flagInvalid', `--${flag} ${JSON.stringify(text)} is not a size; write it as 500M, 10G or 10Gi`)
}
