/** The results in their order; of those that come next, `atOnce` are under way. Leaving early waits for them, so that nothing still uses
 *  what they read from. */
export async function* readAhead<T>(reads: Iterable<() => Promise<T>>, atOnce: number): AsyncGenerator<T> {
  const underWay: Promise<T>[] = []
  try {
    for (const read of reads) {
      const reading = read()
      // Awaited in its turn; until then a failure must not count as unhandled.
      reading.catch(() => undefined)
      underWay.push(reading)
      if (underWay.length >= atOnce) yield await (underWay.shift() as Promise<T>)
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<T>)
  } finally {
    await Promise.allSettled(underWay)
  }
}
