import type { CallOptions } from '../ports/call-options.ts'
import type { Entry, KeyValueStore } from '../ports/key-value-store.ts'

const pageEntriesMax = 1000

/** Every entry below a prefix, as of one revision; of the latest one when none is given. */
export async function readAll(
  kv: KeyValueStore,
  prefix: string,
  options: CallOptions & { revision?: bigint } = {},
): Promise<{ entries: Entry[]; revision: bigint }> {
  const entries: Entry[] = []
  let { revision } = options
  for (let after: string | undefined; ; ) {
    const query = {
      prefix,
      limit: pageEntriesMax,
      ...(after && { after }),
      ...(revision !== undefined && { revision }),
    }
    const page = await kv.range(query, { signal: options.signal })
    revision = page.revision
    entries.push(...page.entries)
    after = page.entries.at(-1)?.key
    if (!page.more || after === undefined) return { entries, revision }
  }
}
