/** What timers of the system can wait at most; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1

/** Calls once after a time of any length, however the wall clock is set meanwhile. Gives what takes it back. Unless it is `unref`, it keeps
 *  the process alive. */
export function afterMs(ms: number, call: () => void, { unref = false } = {}): () => void {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number) => {
    const nowMs = Math.min(leftMs, timerMsMax)
    timer = setTimeout(() => (leftMs > nowMs ? wait(leftMs - nowMs) : call()), nowMs)
    if (unref) timer.unref()
  }
  wait(ms)
  return () => clearTimeout(timer)
}
