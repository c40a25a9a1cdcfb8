import { openControllingTerminal } from './controlling-terminal.ts'
import { EndSignals } from './end-signals.ts'
import { exitCodeOfSignal } from './exit-code.ts'
import { suspendProcess } from './suspend-process.ts'

const line = 'agola: watching; r runs now, q quits '

/** Waits for r or q on the terminal, or for a signal, which gives its exit code. Without a terminal only for a signal. `describe` is
 *  called on Ctrl-\ and SIGQUIT, which end nothing. */
export async function waitForKey(
  isThere: boolean,
  describe: () => void,
  signal: AbortSignal,
): Promise<'run' | 'quit' | number> {
  const signals = new EndSignals(describe)
  try {
    for (;;) {
      const key = await Promise.race([signals.first, isThere ? readKey(describe, signal) : aborted(signal)])
      if (key !== 'suspend') return key
      await suspendProcess()
    }
  } finally {
    signals.release()
  }
}

/** `quit` when the terminal is gone. */
function readKey(describe: () => void, signal: AbortSignal): Promise<'run' | 'quit' | 'suspend' | number> {
  const terminal = openControllingTerminal()
  if (terminal === null) return aborted(signal)
  return new Promise((resolve) => {
    const finish = (key: 'run' | 'quit' | 'suspend' | number) => {
      signal.removeEventListener('abort', onGone)
      process.removeListener('exit', onGone)
      terminal.write('\r\x1b[K')
      terminal.close()
      resolve(key)
    }
    const onGone = () => finish('quit')
    terminal.write(line)
    terminal.input.on('end', onGone).on('error', onGone)
    terminal.input.on('data', (bytes: Buffer) => {
      const key = bytes.toString()
      if (key.includes('\x03')) finish(exitCodeOfSignal('SIGINT'))
      else if (key === 'q' || key === '\x04') finish('quit')
      else if (key === 'r' || key === '\r') finish('run')
      else if (key === '\x1a') finish('suspend')
      else if (key === '\x1c') {
        terminal.write('\r\x1b[K')
        describe()
        terminal.write(line)
      }
    })
    signal.addEventListener('abort', onGone, { once: true })
    process.once('exit', onGone)
  })
}

function aborted(signal: AbortSignal): Promise<'quit'> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('quit'), { once: true }))
}
