import type { PausedTaskRef, Pauses } from '../engine/ports/pauses.ts'
import type { TtySize } from '../engine/ports/pod-driver.ts'

const passedSignals = ['SIGINT', 'SIGTERM'] as const

/** Runs a shell, or a command, in the pod of a paused task on the standard streams of this process, and gives its exit code. On a
 *  terminal keys go to it as they are pressed and it follows the size; elsewhere bytes are piped both ways. */
export async function attachShell(pauses: Pauses, task: PausedTaskRef, command: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr, env } = process
  const onTerminal = stdin.isTTY === true && stdout.isTTY === true
  const tty = onTerminal ? sizeOf(stdout) : null
  const environment: Record<string, string> = onTerminal ? { TERM: env.TERM ?? 'xterm' } : {}
  const shell = await pauses.openShell(task, { command, tty, environment, stdout, stderr: onTerminal ? null : stderr })
  const onData = (data: Buffer) => {
    if (shell.stdin?.write(data) === false) stdin.pause()
  }
  const onEnd = () => shell.stdin?.end()
  const onDrain = () => stdin.resume()
  const onResize = () => void shell.resize(sizeOf(stdout)).catch(() => undefined)
  const onSignal = (signal: NodeJS.Signals) =>
    void shell.kill(signal === 'SIGTERM' ? 'TERM' : 'INT').catch(() => undefined)
  shell.stdin?.on('drain', onDrain)
  stdin.on('data', onData).on('end', onEnd)
  if (onTerminal) stdin.setRawMode(true)
  if (onTerminal) stdout.on('resize', onResize)
  else for (const signal of passedSignals) process.on(signal, onSignal)
  try {
    return await shell.wait()
  } finally {
    if (onTerminal) stdin.setRawMode(false)
    stdout.off('resize', onResize)
    for (const signal of passedSignals) process.off(signal, onSignal)
    stdin.off('data', onData).off('end', onEnd).pause()
    stdin.unref?.()
    // Node stops reading keys a moment after the pause, also for whoever has begun to read them again by then.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): TtySize {
  return { columns: columns || 80, rows: rows || 24 }
}
