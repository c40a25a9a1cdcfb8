import { systemRandom } from './adapters/system.ts'
import { checkApprovals } from './check-approvals.ts'
import { closingOnFailure } from './closing.ts'
import { recreateTasks } from './decide/recreate-run.ts'
import type { DirectRun, DirectRunOptions, RestartRequest } from './direct-run-interface.ts'
import { AgolaError } from './model/errors.ts'
import { numberOrNewest } from './newest-run.ts'
import { changeOpener } from './open-change.ts'
import { OpenDirectRun } from './open-direct-run.ts'
import { openLocal } from './open-local.ts'
import { prepareClones } from './prepare-clones.ts'
import { repoUuidOf } from './repository-id.ts'
import { RunHeading } from './run-heading.ts'
import { secretNamesOf } from './secret-names.ts'
import { openSnapshot } from './snapshot/take-snapshot.ts'
import { snapshotAnnotation } from './snapshot-annotation.ts'
import { startDriver } from './started-driver.ts'
import { startEngine, startExecutor } from './started-engine.ts'
import { secretsOf, variablesFor } from './variables-of.ts'

/** Opens a run that has ended for running it again on the tree it was started from. `runDoesNotExist`; `snapshotFailed` when that tree
 *  is no longer kept; `variableInvalid` when a secret that it needs was not given again; `flagInvalid`. */
export async function openRestart(request: RestartRequest, options: DirectRunOptions): Promise<DirectRun> {
  const { environment, directory, fromStart } = request
  const local = await openLocal(directory, environment)
  return await closingOnFailure(async (closing) => {
    const driver = startDriver(request, local, null, options, closing)
    const opening = startEngine(request, local, repoUuidOf(directory, environment), driver, options, closing)
    options.onStage?.('opening the run that is run again')
    const openChange = changeOpener(request, local, { untracked: true, ignored: false }, options)
    const executor = startExecutor(request, driver, opening, openChange)
    const engine = await opening
    const number = await numberOrNewest(engine.runs, request.number)
    const { run, runConfig } = await engine.runs.get(number)
    const snapshot = await openSnapshot(run.annotations[snapshotAnnotation] ?? '', {
      stateDirectory: local.directories.state,
      environment,
      random: systemRandom,
    })
    closing.unshift(() => snapshot.close())
    const heading = new RunHeading(snapshot, options.onNotice)
    const variables = await variablesFor(request, snapshot, local)
    const secretNames = secretNamesOf(runConfig)
    const missing = secretNames.filter((name) => !variables.values.has(name))
    if (missing.length > 0) {
      const flags = missing.map((name) => `--secret ${name}=…`).join(' ')
      throw new AgolaError(
        'variableInvalid',
        `run ${number} was given secrets, which are never stored: give them again with ${flags}`,
      )
    }
    for (const name of namesGivenIn(request.typedVariables).filter((given) => !secretNames.includes(given))) {
      heading.notice(`warning: --var ${name} changes nothing: run ${number} keeps its variables when it is run again`)
    }
    const tasks = Object.values(runConfig.tasks)
    checkApprovals(request.approvals, tasks)
    prepareClones(snapshot, tasks)
    const source = { snapshot, secrets: secretsOf(variables) }
    const begin = async () => [await engine.restartRun(number, fromStart, source)]
    const { kept } = recreateTasks(run, runConfig, fromStart, ({ id }) => id)
    const again = tasks.filter(({ id }) => !kept.includes(id))
    const nothing = { compiled: [], skipped: [], leftOut: 0 }
    const opened = { snapshot, heading, engine, executor, closing, tasks: again, begin, ...nothing }
    return new OpenDirectRun(opened, options)
  })
}

/** Of values of --var: NAME or NAME=VALUE. */
function namesGivenIn(flags: readonly string[]): string[] {
  return flags.map((flag) => flag.split('=', 1)[0] ?? '')
}
