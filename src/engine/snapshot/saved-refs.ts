import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Git } from './git.ts'

/** Where another command line of the same system leaves a commit for every direct run, for ever. */
const savedRefs = 'refs/gitsave/'
/** A younger one may be on its way to a server. */
const ageMsMin = 60 * 60 * 1000

/** Removes old saved work trees of the repository around a directory: their objects go with git's next collection. Gives the names. */
export async function removeSavedRefs(
  git: Git,
  { directory, now, dryRun, signal }: CallOptions & { directory: string; now: TimeMs; dryRun: boolean },
): Promise<string[]> {
  const context = { cwd: directory, signal }
  const format = '--format=%(committerdate:unix) %(objectname) %(refname)'
  const listed = (await git.run(['for-each-ref', format, savedRefs], context)).toString()
  const old = listed
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([time, , name]) => name !== undefined && Number(time) * 1000 < now - ageMsMin)
  if (old.length === 0 || dryRun) return old.map(([, , name = '']) => name)
  // With the value that was seen: a ref that somebody moved meanwhile stays.
  const commands = old.map(([, object, name]) => `delete ${name} ${object}\n`).join('')
  await git.run(['update-ref', '--stdin'], { ...context, input: commands })
  return old.map(([, , name = '']) => name)
}
