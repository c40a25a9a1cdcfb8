import { tmpdir } from 'node:os'
import { messageOf } from '../../engine/model/errors.ts'
import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { renderChromeTrace } from '../../views/reports/chrome-trace.ts'
import { renderJunit } from '../../views/reports/junit.ts'
import { renderPage } from '../../views/reports/page/render-page.ts'
import { type ReportFacts, ReportRuns } from '../../views/reports/report-run.ts'
import type { OtlpSettings } from './otlp-settings.ts'
import { PageLogs } from './page-logs.ts'
import type { ReportTarget } from './report-flag.ts'
import { Spool } from './spool.ts'
import { StepTails } from './step-tails.ts'
import { writeReport } from './write-report.ts'

export interface ReportRequest {
  targets: readonly ReportTarget[]
  otlp: OtlpSettings | { problem: string } | null
}

/** Gathers what the reports of one invocation need while its runs go on, and writes them at the end. A report that cannot be made
 *  is told and changes nothing else: the result of a run is worth more than a picture of it. */
export class ReportWriter {
  readonly #request: ReportRequest
  readonly #runs = new ReportRuns()
  readonly #spool: Spool | null
  readonly #tails: StepTails | null
  readonly #logs: PageLogs | null
  /** Why logs could not be kept. */
  #spoolError: unknown = null

  private constructor(request: ReportRequest, spool: Spool | null) {
    const wants = (kind: ReportTarget['kind']) => request.targets.some((target) => target.kind === kind)
    this.#request = request
    this.#spool = spool
    this.#tails = spool !== null && wants('junit') ? new StepTails(spool) : null
    this.#logs = spool !== null && wants('html') ? new PageLogs(spool) : null
  }

  static async open(request: ReportRequest): Promise<ReportWriter> {
    const needsLogs = request.targets.some(({ kind }) => kind !== 'trace')
    return new ReportWriter(request, needsLogs ? await Spool.open(tmpdir()) : null)
  }

  async event(event: ProgressEvent): Promise<void> {
    this.#runs.event(event)
    if (this.#spoolError !== null) return
    try {
      await this.#tails?.event(event)
      await this.#logs?.event(event)
    } catch (error) {
      this.#spoolError = error
    }
  }

  /** Writes and sends; gives what went wrong, a line a thing. */
  async finish(facts: ReportFacts): Promise<string[]> {
    const problems = await Promise.all([this.#export(facts), this.#writeAll(facts)])
    return problems.flat()
  }

  async close(): Promise<void> {
    await this.#spool?.close()
  }

  async #writeAll(facts: ReportFacts): Promise<string[]> {
    const problems: string[] = []
    for (const target of this.#request.targets) {
      try {
        await writeReport(target.file, await this.#render(target.kind, facts))
      } catch (error) {
        problems.push(`the report ${target.kind}=${target.name} was not written: ${messageOf(error)}`)
      }
    }
    return problems
  }

  async #render(kind: ReportTarget['kind'], facts: ReportFacts): Promise<AsyncIterable<string> | Iterable<string>> {
    const runs = this.#runs.list()
    if (kind === 'trace') return renderChromeTrace(runs)
    if (this.#spoolError !== null) throw this.#spoolError
    const [tails, logs] = [this.#tails, this.#logs]
    if (kind === 'junit')
      return renderJunit(runs, async (place) => (await tails?.read(place)) ?? { lines: [], cut: false })
    await logs?.finish()
    return renderPage({ runs, facts, log: (place) => logs?.log(place) ?? null, bin: 'agola' })
  }

  async #export(facts: ReportFacts): Promise<string[]> {
    const { otlp } = this.#request
    if (otlp === null) return []
    try {
      if ('problem' in otlp) throw new Error(otlp.problem)
      const { exportSpans } = await import('./otlp-export.ts')
      await exportSpans(this.#runs.list(), facts, otlp)
      return []
    } catch (error) {
      return [`spans were not exported: ${messageOf(error)}`]
    }
  }
}
