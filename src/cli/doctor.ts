import { type Check, examine } from '../engine/doctor.ts'
import { checkText, doctorJson, doctorSummary } from '../views/doctor-report.ts'
import { loadWorkTreeConfig } from './config-commands.ts'
import { exitCodes } from './exit-code.ts'
import { Output } from './output.ts'
import { wantsColor } from './terminal.ts'

/** Examines this machine and this repository; 1 when something failed. */
export async function runDoctor({ output }: { output: 'text' | 'json' }): Promise<number> {
  const [directory, environment] = [process.cwd(), process.env]
  const stdout = new Output(process.stdout, () => undefined)
  const ref = { 'pull-request-ref-regexes': [] }
  const loadConfig = () => loadWorkTreeConfig({ directory, path: undefined, ref, strict: false })
  const checks: Check[] = []
  for await (const check of examine({ directory, environment, loadConfig })) {
    checks.push(check)
    if (output === 'text') await stdout.write(checkText(check, { color: wantsColor(environment) }))
  }
  await stdout.write(output === 'json' ? doctorJson(checks, Date.now()) : doctorSummary(checks))
  await stdout.flush()
  return checks.some(({ status }) => status === 'fail') ? exitCodes.failed : exitCodes.success
}
