import { access, constants, open, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AgolaError, messageOf } from '../../engine/model/errors.ts'

const reportKinds = ['junit', 'html', 'trace'] as const
export type ReportKind = (typeof reportKinds)[number]

/** One `--report KIND=FILE` whose file can be written. */
export interface ReportTarget {
  kind: ReportKind
  /** As it was given, for messages. */
  name: string
  /** Absolute, links followed. */
  file: string
}

/** Parses and tries the reports that were asked for, so that a mistake is told before anything runs. `flagInvalid`, `flagConflict`. */
export async function reportTargets(flags: readonly string[], directory: string): Promise<ReportTarget[]> {
  const targets: ReportTarget[] = []
  for (const flag of flags) {
    const { kind, name } = parseReportFlag(flag)
    const file = await writableFile(name, directory)
    const same = targets.find((target) => target.file === file)
    if (same !== undefined)
      throw new AgolaError('flagConflict', `--report ${flag} and --report ${same.kind}=${same.name} are one file`)
    targets.push({ kind, name, file })
  }
  return targets
}

function parseReportFlag(flag: string): { kind: ReportKind; name: string } {
  const at = flag.indexOf('=')
  const kind = reportKinds.find((each) => each === flag.slice(0, Math.max(0, at)))
  const name = flag.slice(at + 1)
  if (kind !== undefined && name !== '') return { kind, name }
  const usage = reportKinds.map((each) => `${each}=FILE`).join(', ')
  throw new AgolaError('flagInvalid', `--report ${JSON.stringify(flag)} names no report; write it as ${usage}`)
}

async function writableFile(name: string, directory: string): Promise<string> {
  const refuse = (why: string) => new AgolaError('flagInvalid', `--report cannot write ${JSON.stringify(name)}: ${why}`)
  const file = await realpath(resolve(directory, name)).catch(() => resolve(directory, name))
  const found = await stat(file).catch(() => null)
  if (found?.isDirectory() || /[/\\]$/.test(name)) throw refuse('it is a directory; name a file in it')
  if (found !== null && !found.isFile()) throw refuse('it is no regular file')
  const folder = await stat(dirname(file)).catch(() => null)
  if (folder === null) throw refuse(`there is no directory ${dirname(file)}; create it first`)
  if (!folder.isDirectory()) throw refuse(`${dirname(file)} is no directory`)
  try {
    if (found !== null) await access(file, constants.W_OK)
    await tryFolder(file)
  } catch (error) {
    throw refuse(messageOf(error))
  }
  return file
}

/** Only creating a file tells whether one can be created: permissions are not the only thing in the way. */
async function tryFolder(file: string): Promise<void> {
  const probe = temporaryName(file)
  await (await open(probe, 'wx', 0o600)).close()
  await rm(probe)
}

/** Where a report is written before it takes its name. */
export function temporaryName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
}
