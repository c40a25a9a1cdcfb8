/** The compact revision of an etcd, which its interface does not tell: the least revision that can be read, or 0 when all can.
 *  `known` is a compact revision found before; it saves the search when nothing was compacted since. */
export async function findCompactRevision(
  known: bigint,
  revision: bigint,
  isReadable: (revision: bigint) => Promise<boolean>,
): Promise<bigint> {
  const first = known > 1n ? known : 1n
  if (await isReadable(first)) return known
  // Invariant: `low` cannot be read, `high` can. What was compacted after `revision` was asked for makes `high` the best answer.
  let low = first
  let high = revision
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (await isReadable(middle)) high = middle
    else low = middle
  }
  return high
}
