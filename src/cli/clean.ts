import { type CleanRequest, clean, cleanDaily } from '../engine/clean.ts'
import { cleanReportJson, cleanReportText } from '../views/clean-report.ts'
import { Output } from './output.ts'

export interface CleanFlags extends Omit<CleanRequest, 'directory' | 'environment'> {
  output: 'text' | 'json'
}

/** Removes what nobody needs any more and says what that was. */
export async function cleanAll({ output, ...request }: CleanFlags): Promise<void> {
  const report = await clean({ ...request, directory: process.cwd(), environment: process.env })
  const stdout = new Output(process.stdout, () => undefined)
  const view = output === 'json' ? cleanReportJson : cleanReportText
  await stdout.write(view(report, request.dryRun))
  await stdout.flush()
}

/** After a run: the daily cleaning, when it is due. What goes wrong there is no affair of the run. */
export async function cleanAfterRun(directory: string, environment: NodeJS.ProcessEnv): Promise<void> {
  await cleanDaily({ directory, environment }).catch(() => null)
}
