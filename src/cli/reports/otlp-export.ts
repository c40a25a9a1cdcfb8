import { randomBytes } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type OtlpAttribute, type OtlpSpan, runSpans } from '../../views/reports/otlp-spans.ts'
import type { ReportFacts, ReportRun } from '../../views/reports/report-run.ts'
import type { OtlpSettings } from './otlp-settings.ts'

const spansInRequestMax = 512
const replyBytesMax = 2000

/** Sends the spans of all runs as OTLP/HTTP with JSON. Fails within the time of the settings. */
export async function exportSpans(
  runs: readonly ReportRun[],
  facts: ReportFacts,
  settings: OtlpSettings,
): Promise<void> {
  const { parent, resource, timeoutMs } = settings
  const signal = AbortSignal.timeout(timeoutMs)
  const options = { facts, parent, resource, randomHex: (bytes: number) => randomBytes(bytes).toString('hex') }
  try {
    for (const run of runs) {
      const { resource: attributes, spans } = runSpans(run, options)
      for (let start = 0; start < spans.length; start += spansInRequestMax) {
        await post(requestBody(attributes, spans.slice(start, start + spansInRequestMax)), settings, signal)
      }
    }
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error
  }
}

function requestBody(attributes: OtlpAttribute[], spans: OtlpSpan[]): string {
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'agola' }, spans }] }],
  })
}

function post(body: string, { url, headers }: OtlpSettings, signal: AbortSignal): Promise<void> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal,
      },
      (response) => {
        let reply = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          reply = (reply + text).slice(0, replyBytesMax)
        })
        response.on('error', reject)
        response.on('end', () => {
          const problem = problemIn(response.statusCode ?? 0, reply)
          if (problem === null) resolve()
          else reject(new Error(problem))
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** A collector may take a part only, and say so with 200. */
function problemIn(status: number, reply: string): string | null {
  if (status < 200 || status > 299) return `the endpoint answered ${status}`
  const rejected = Number(/"rejectedSpans"\s*:\s*"?(\d+)/.exec(reply)?.[1] ?? 0)
  return rejected > 0 ? `${rejected} spans were rejected: ${reply}` : null
}
