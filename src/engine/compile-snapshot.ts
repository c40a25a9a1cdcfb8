import { systemRandom } from './adapters/system.ts'
import { askForVariables } from './ask-variables.ts'
import { checkApprovals } from './check-approvals.ts'
import { compileRuns } from './compile/compile.ts'
import type { CompiledRun, CompiledRuns } from './compile/compiled-run.ts'
import { directRunMessage, directRunOrigin } from './compile/direct-run-origin.ts'
import { selectSkipped, selectTasks } from './compile/select-tasks.ts'
import { emptyVariableText, refuseUndefined, wantedVariables } from './compile/undefined-variables.ts'
import type { Config } from './config/config.ts'
import { requireConfig } from './config/load.ts'
import type { DirectRunOptions, DirectRunRequest } from './direct-run-interface.ts'
import type { Variables } from './local/variables.ts'
import { hasCode } from './model/errors.ts'
import type { Local } from './open-local.ts'
import { readConfig, toSourceContext } from './read-config.ts'
import type { Snapshot } from './snapshot/snapshot.ts'

/** What the config of a snapshot wants to run, by the request. Variables that were asked for are added to `variables`. `configNotFound`, `configInvalid` (with all problems), `flagInvalid`, `variableInvalid`. */
export async function compileSnapshot(
  request: DirectRunRequest,
  snapshot: Snapshot,
  { local, variables }: { local: Local; variables: Variables },
  options: DirectRunOptions,
): Promise<{ configFile: string; selected: CompiledRun[]; skipped: CompiledRuns['skipped'] }> {
  const { signal, onNotice } = options
  const { repoUuid, repositoryUrl } = snapshot
  const { userId } = local.identity
  const source = toSourceContext(snapshot.ref, snapshot.commitSha)
  const loaded = await readConfig(snapshot, { context: source, strict: request.strict, signal }).catch(
    async (error: unknown) => {
      if (!hasCode(error, 'configNotFound')) throw error
      const { leftOutConfig } = await import('./left-out-config.ts')
      throw (await leftOutConfig(request, snapshot)) ?? error
    },
  )
  const config = await requireConfig(loaded)
  if (loaded.problems.length > 0) onNotice((await import('./config/format-problems.ts')).formatProblems(loaded))
  // Those that `when` leaves out count too: what is given for every ref must not be wrong for one of them.
  const tasks = config.runs.flatMap((run) => run.tasks)
  checkApprovals(
    request.approvals,
    tasks.map(({ name, approval }) => ({ name, needsApproval: approval })),
  )
  const compile = async () => {
    const { values, secretNames } = variables
    const compiled = await compileRuns({
      config,
      source,
      message: directRunMessage,
      origin: directRunOrigin({ userId, repoUuid, repositoryUrl, source, local: true }),
      variables: new Map([...values].map(([name, value]) => [name, { value, secret: secretNames.has(name) }])),
      newTaskId: () => systemRandom.uuid(),
    })
    const skipped = compiled.skipped.map((run) => ({ ...run, tasks: taskNames(config, run.name) }))
    const selected = selectTasks(compiled.runs, request.selection, skipped)
    const wanted = wantedVariables(compiled.undefinedVariables, selected)
    return { selected, skipped: selectSkipped(skipped, request.selection), wanted }
  }
  let compiled = await compile()
  if (request.variables.strict) refuseUndefined(compiled.wanted)
  const { askUndefined } = request.variables
  if (await askForVariables(compiled.wanted, variables, askUndefined, options)) compiled = await compile()
  const { selected, skipped, wanted } = compiled
  for (const variable of wanted) onNotice(emptyVariableText(variable))
  if (selected.length > 0 && request.selection.runs.length > 0)
    for (const { name } of skipped) onNotice(`warning: \`when\` leaves out the run ${JSON.stringify(name)}`)
  return { configFile: loaded.file, selected, skipped }
}

function taskNames({ runs }: Config, run: string): string[] {
  return runs.filter(({ name }) => name === run).flatMap(({ tasks }) => tasks.map(({ name }) => name))
}
