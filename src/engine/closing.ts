/** What is open, in the order in which it is closed. */
export type Closing = (() => unknown)[]

/** Gives `open` a list for what it opens, and closes all of that when it fails. */
export async function closingOnFailure<T>(open: (closing: Closing) => Promise<T>): Promise<T> {
  const closing: Closing = []
  try {
    return await open(closing)
  } catch (error) {
    for (const close of closing) await close()
    throw error
  }
}
