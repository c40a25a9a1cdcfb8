import { rm } from 'node:fs/promises'
import { hasCode, messageOf } from '../../model/errors.ts'
import type { ExecutorStep } from '../../model/executor-task.ts'
import { readArchiveIndex } from '../archive/archive-index.ts'
import { checkEntries } from '../archive/check-entries.ts'
import { createArchive } from '../archive/create-archive.ts'
import { extractArchive } from '../archive/extract-archive.ts'
import { withLocalArchive } from '../archive/local-archive.ts'
import { originalPlace, refusedLinksText } from '../archive/refused-links.ts'
import { fullCacheKey } from '../cache-key.ts'
import { formatBytes } from '../format-bytes.ts'
import { formatEntries } from '../format-entries.ts'
import { renderKey } from '../key-template.ts'
import { templateWorld } from '../template-world.ts'
import type { StepContext } from './step-context.ts'

export type SaveCacheStep = Extract<ExecutorStep, { type: 'save_cache' }>
export type RestoreCacheStep = Extract<ExecutorStep, { type: 'restore_cache' }>

/** Saves files under a key unless that key is taken: caches never change (spec/executor.md 12.4). For the same reason nothing is saved
 *  that a restore would refuse: every later run would fail. */
export async function runSaveCacheStep(step: SaveCacheStep, context: StepContext): Promise<number> {
  const { pod, log, runService, interrupted: signal } = context
  const { name, key } = await keyOf(step.key, context)
  const note = (answer: 'saved' | 'existed' | 'refused', sizeBytes: number | null) =>
    context.noteCache({ template: step.key, key: name, answer, entry: answer === 'refused' ? null : name, sizeBytes })
  if (await runService.hasCache(key, { signal })) {
    note('existed', null)
    log.line(`cache "${name}" exists already`)
    return 0
  }
  const file = context.files.archive(context.task.id, context.index)
  const contents = step.contents.map((content) => ({ ...content, paths: withDefault(content.paths) }))
  const restorePlace = originalPlace(context.task.spec.workingDir)
  const { entries, sizeBytes, refused } = await createArchive(contents, { pod, log, signal, file, restorePlace })
  try {
    const problem = refused.length > 0 ? refusedLinksText(refused) : await restoreProblem(file)
    if (problem !== null) {
      note('refused', null)
      log.line(`nothing was saved as cache "${name}": ${problem}`)
      return 0
    }
    const saved = await runService.saveCache(key, { file }, { signal, sizeBytes })
    note(saved ? 'saved' : 'existed', saved ? sizeBytes : null)
    if (saved) log.line(`saved cache "${name}": ${formatEntries(entries)}, ${formatBytes(sizeBytes)}`)
    else log.line(`cache "${name}" exists already: somebody else was faster`)
  } finally {
    // The runservice has its own; nobody asks for this one.
    await rm(file, { force: true })
  }
  return 0
}

/** Extracts the first cache found among the keys, of which each may be the beginning of the real key; none is no failure
 *  (spec/executor.md 12.5). */
export async function runRestoreCacheStep(step: RestoreCacheStep, context: StepContext): Promise<number> {
  const { pod, log, runService, interrupted: signal } = context
  for (const template of step.keys) {
    const { name, key } = await keyOf(template, context)
    const hit = await runService.openCache(key, { signal })
    if (hit === null) {
      context.noteCache({ template, key: name, answer: 'missing', entry: null, sizeBytes: null })
      log.line(`no cache for "${name}"`)
      continue
    }
    const entry = hit.key.slice(context.task.spec.cachePrefix.length + 1)
    const answer = hit.exact ? 'exact' : 'prefix'
    context.noteCache({ template, key: name, answer, entry, sizeBytes: hit.sizeBytes })
    const destination = pod.path(step.destDir)
    const spool = `${context.files.archive(context.task.id, context.index)}.restore`
    const entries = await withLocalArchive(hit, spool, signal, (file) =>
      extractArchive({ pod, log, signal, file, destination }),
    )
    const which = hit.exact ? `"${name}"` : `"${name}", found by its beginning (${hit.key})`
    log.line(`restored ${formatEntries(entries)} of cache ${which} into ${destination}`)
    return 0
  }
  log.line('no cache was found')
  return 0
}

/** Why no restore would take the archive, wherever it extracts it; null when there is no such reason. */
async function restoreProblem(file: string): Promise<string | null> {
  try {
    checkEntries(await readArchiveIndex(file), '/')
    return null
  } catch (error) {
    if (hasCode(error, 'archiveInvalid')) return messageOf(error)
    throw error
  }
}

async function keyOf(template: string, context: StepContext): Promise<{ name: string; key: string }> {
  const name = await renderKey(template, templateWorld(context))
  return { name, key: fullCacheKey(context.task.spec.cachePrefix, name) }
}

function withDefault(paths: string[]): string[] {
  return paths.length === 0 ? ['**'] : paths
}
