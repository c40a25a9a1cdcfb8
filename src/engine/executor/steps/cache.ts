import { rm } from 'node:fs/promises'
import type { ExecutorStep } from '../../model/executor-task.ts'
import { createArchive } from '../archive/create-archive.ts'
import { extractArchive } from '../archive/extract-archive.ts'
import { withLocalArchive } from '../archive/local-archive.ts'
import { fullCacheKey } from '../cache-key.ts'
import { formatBytes } from '../format-bytes.ts'
import { formatEntries } from '../format-entries.ts'
import { renderKey } from '../key-template.ts'
import { templateWorld } from '../template-world.ts'
import type { StepContext } from './step-context.ts'

export type SaveCacheStep = Extract<ExecutorStep, { type: 'save_cache' }>
export type RestoreCacheStep = Extract<ExecutorStep, { type: 'restore_cache' }>

/** Saves files under a key unless that key is taken: caches never change (spec/executor.md 12.4). */
export async function runSaveCacheStep(step: SaveCacheStep, context: StepContext): Promise<number> {
  const { pod, log, runService, interrupted: signal } = context
  const { name, key } = await keyOf(step.key, context)
  const note = (answer: 'saved' | 'existed', size: number | null) =>
    context.noteCache({ template: step.key, key: name, answer, entry: name, sizeBytes: size })
  if (await runService.hasCache(key, { signal })) {
    note('existed', null)
    log.line(`cache "${name}" exists already`)
    return 0
  }
  const file = context.files.archive(context.task.id, context.index)
  const contents = step.contents.map((content) => ({ ...content, paths: withDefault(content.paths) }))
  const { entries, sizeBytes } = await createArchive(contents, { pod, log, signal, file })
  try {
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

async function keyOf(template: string, context: StepContext): Promise<{ name: string; key: string }> {
  const name = await renderKey(template, templateWorld(context))
  return { name, key: fullCacheKey(context.task.spec.cachePrefix, name) }
}

function withDefault(paths: string[]): string[] {
  return paths.length === 0 ? ['**'] : paths
}
