import { join } from 'node:path'
import { systemClock, systemRandom } from './adapters/system.ts'
import { closingOnFailure } from './closing.ts'
import type { DirectRunOptions, DirectRunRequest, StartedDirectRun } from './direct-run-interface.ts'
import { HeadStart } from './head-start.ts'
import { recordRepository } from './local/repository-record.ts'
import { changeOpener } from './open-change.ts'
import { OpenDirectRun } from './open-direct-run.ts'
import { type Local, openLocal } from './open-local.ts'
import { prepareClones } from './prepare-clones.ts'
import { RunHeading } from './run-heading.ts'
import { type SnapshotProgress, takeSnapshot } from './snapshot/take-snapshot.ts'
import { startDriver } from './started-driver.ts'
import { startEngine, startExecutor } from './started-engine.ts'
import { secretsOf, variablesFor } from './variables-of.ts'

/** Takes the snapshot, reads and compiles its config, and connects to what runs it. Nothing runs yet. Errors of the user's making:
 *  `notAGitRepository`, `configNotFound`, `configInvalid` (with all problems), `variableInvalid`, `flagInvalid`. */
export async function openDirectRun(request: DirectRunRequest, options: DirectRunOptions): Promise<StartedDirectRun> {
  const { environment, directory, source, plan } = request
  const local = await openLocal(directory, environment)
  return await closingOnFailure(async (closing) => {
    // The container engine is asked while git works; what it answers matters only when there is something to run.
    const headStart = headStartOf(request, local)
    const driver = plan ? null : startDriver(request, local, headStart, options, closing)
    const repoUuid = Promise.withResolvers<string>()
    options.onStage?.('taking the snapshot of the work tree')
    const early: string[] = []
    const taking = takeSnapshot(
      {
        directory,
        environment,
        ...source,
        stateDirectory: local.directories.state,
        cacheDirectory: local.directories.cache,
        now: systemClock.now(),
        random: systemRandom,
      },
      {
        signal: options.signal,
        onRepository: repoUuid.resolve,
        onProgress: (progress) => tellProgress(progress, { ...options, onNotice: (text) => early.push(text) }),
      },
    )
    taking.catch(repoUuid.reject)
    // So is the rest of the engine loaded, opened and made ready.
    const opening = startEngine(request, local, repoUuid.promise, driver, options, closing)
    const openChange = changeOpener(request, local, source, options)
    const executor = driver && startExecutor(request, driver, opening, openChange)
    const { compileSnapshot } = await import('./compile-snapshot.ts')
    const snapshot = await taking.catch((error: unknown) => {
      early.forEach(options.onNotice)
      throw error
    })
    options.onStage?.('reading the config')
    closing.unshift(() => snapshot.close())
    const heading = new RunHeading(snapshot, options.onNotice)
    const onNotice = plan ? options.onNotice : heading.notice
    early.forEach(onNotice)
    const asking = plan ? request : { ...request, variables: belowHeading(request.variables, heading) }
    const { topDirectory: workTree, remoteUrl } = snapshot
    const recording = recordRepository(local.directories.state, { repoUuid: snapshot.repoUuid, workTree, remoteUrl })
    recording.catch(() => undefined)
    const variables = await variablesFor(asking, snapshot, local)
    variables.warnings.forEach(onNotice)
    const told = { ...options, onNotice }
    const { configFile, selected, skipped } = await compileSnapshot(asking, snapshot, { local, variables }, told)
    if (headStart !== null) headStart.configPath = join(workTree, configFile)
    const compiled = request.choose?.(selected) ?? selected
    const leftOut = selected.length - compiled.length
    const tasks = compiled.flatMap((run) => Object.values(run.tasks))
    if (driver !== null) prepareClones(snapshot, tasks)
    const [engine] = await Promise.all([opening, recording])
    const begin = () => engine.createRuns(compiled, { snapshot, secrets: secretsOf(variables) })
    const opened = { snapshot, heading, engine, executor, closing, compiled, skipped, leftOut, tasks, begin }
    return new OpenDirectRun(opened, options)
  })
}

/** Questions come below it, too. */
function belowHeading(
  { askHidden, askUndefined, ...variables }: DirectRunRequest['variables'],
  heading: RunHeading,
): DirectRunRequest['variables'] {
  const below =
    <T extends unknown[], Answer>(ask: (...words: T) => Answer) =>
    (...words: T) => {
      heading.show()
      return ask(...words)
    }
  return { ...variables, askHidden: askHidden && below(askHidden), askUndefined: askUndefined && below(askUndefined) }
}

function tellProgress(progress: SnapshotProgress, { onNotice, onStage }: DirectRunOptions): void {
  if (progress.type === 'notice') onNotice(progress.text)
  else onStage?.(`taking the snapshot of the work tree, ${progress.files} changed files so far`)
}

/** null for a run whose first pod is not to be made ahead, or cannot. */
function headStartOf({ directory, selection, engine, plan }: DirectRunRequest, local: Local): HeadStart | null {
  const { keep = 'never', pull, driver } = engine
  if (plan || keep !== 'never' || pull === 'always' || driver === 'host') return null
  return new HeadStart(local, [directory, selection])
}
