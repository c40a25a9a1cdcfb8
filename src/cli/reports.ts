import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { ReportFacts } from '../views/reports/report-run.ts'
import { otlpSettings } from './reports/otlp-settings.ts'

/** What an invocation leaves beside its output: files that `--report` names, and spans where the environment asks for them. */
export interface Reports {
  event(event: ProgressEvent): Promise<void>
  /** After the last event; gives what could not be written or sent, a line a thing. */
  finish(facts: ReportFacts): Promise<string[]>
  close(): Promise<void>
}

const noReports: Reports = { event: async () => undefined, finish: async () => [], close: async () => undefined }

/** Fails with `flagInvalid` or `flagConflict` when a report could not be written, before anything runs. */
export async function openReports(
  flags: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<Reports> {
  const otlp = otlpSettings(environment)
  if (flags.length === 0 && otlp === null) return noReports
  const { reportTargets } = await import('./reports/report-flag.ts')
  const targets = await reportTargets(flags, directory)
  const { ReportWriter } = await import('./reports/report-writer.ts')
  return await ReportWriter.open({ targets, otlp })
}
