import { relative, resolve } from 'node:path'
import { hasCode } from '../engine/model/errors.ts'
import { RoundMemory } from '../engine/round-memory.ts'
import { WorkTreeWatch } from '../engine/work-tree-watch.ts'
import { hasControllingTerminal } from './controlling-terminal.ts'
import { type RoundOptions, type StartFlags, startDirectRun } from './direct-run.ts'
import { isInForeground } from './foreground.ts'
import { reportError } from './report-error.ts'
import { isSomebodyThere } from './terminal.ts'
import { waitForKey } from './wait-for-key.ts'
import { watchRounds } from './watch-rounds.ts'

/** Runs on every change of the work tree until a person quits. */
export async function watchDirectRun(flags: StartFlags): Promise<number> {
  const { directory, environment, source } = flags
  const { stdin, stdout, stderr } = process
  const tell = (text: string) => void stderr.write(`${text}\n`)
  const onNotice = (text: string) => tell(`agola: ${text}`)
  const watch = await WorkTreeWatch.open({ directory, environment, source, onNotice })
  const memory = new RoundMemory()
  const answers = new Map<string, string | null>()
  const isThere = isSomebodyThere(environment, { stdin, stdout, stderr, isInForeground, hasControllingTerminal })
  tell(`agola: watching ${watch.topDirectory}`)
  try {
    return await watchRounds({
      next: () => watch.next(),
      ownPaths: new Set(reportPaths(flags).map((path) => relative(watch.topDirectory, path))),
      wait: (signal) => waitForKey(isThere, () => onNotice('nothing runs; waiting for a change'), signal),
      tell,
      round: async ({ signal, all, again, quit }) => {
        if (all) memory.forget()
        return await runRound(flags, {
          signal,
          onRestart: async () => again(),
          onQuit: async () => quit(),
          onFinished: (run) => memory.finished(run),
          choose: memory.choose,
          answers,
        })
      },
    })
  } finally {
    watch.close()
  }
}

/** What fails is told and mended by the next change, unless nothing can be shown any more. */
async function runRound(flags: StartFlags, options: RoundOptions): Promise<number> {
  try {
    return await startDirectRun(flags, options)
  } catch (error) {
    if (hasCode(error, 'outputFailed')) throw error
    return reportError(error, { stderr: process.stderr, json: flags.view.output !== 'text' })
  }
}

function reportPaths({ reports, directory }: StartFlags): string[] {
  return reports.map((report) => resolve(directory, report.slice(report.indexOf('=') + 1)))
}
