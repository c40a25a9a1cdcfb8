import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Goes on with the Node that was installed beside the program, or says which version is needed. */
export function restart(major) {
  const here = dirname(realpathSync(fileURLToPath(import.meta.url)))
  const beside = [join(here, '../node_modules/node/bin/node'), join(here, '../../node/bin/node')].find((path) =>
    existsSync(path),
  )
  if (beside === undefined) {
    console.error(
      `agola needs Node ${major} or newer; this is ${process.version} (${process.execPath}). Install a newer Node, or run: npm install --global node@${major}`,
    )
    process.exitCode = 6
    return
  }
  // The descriptor 3 is closed when this process dies, however it dies: the other one takes that as a hang-up.
  const child = spawn(beside, [join(here, 'run.js'), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, AGOLA_PARENT_FD: '3' },
  })
  // All are passed on. What a terminal sends to both processes comes twice, so close together that it counts once.
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name))
  child.on('error', (error) => {
    console.error(`agola could not start ${beside}: ${error.message}`)
    process.exitCode = 6
  })
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 6) : 128 + constants.signals[signal]
  })
}
