import type { ParentSpan } from '../../views/reports/otlp-spans.ts'

/** Where spans go, as OpenTelemetry's environment variables say. */
export interface OtlpSettings {
  url: URL
  headers: Record<string, string>
  /** For everything that is sent together. */
  timeoutMs: number
  parent: ParentSpan | null
  resource: Record<string, string>
}

const timeoutMsDefault = 5000
const timeoutMsMax = 30_000

/** null: nobody wants spans. A setting that means nothing is a text for the user; the run goes on without spans. */
export function otlpSettings(environment: NodeJS.ProcessEnv): OtlpSettings | { problem: string } | null {
  const endpoint = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || environment.OTEL_EXPORTER_OTLP_ENDPOINT
  if (!endpoint || environment.OTEL_SDK_DISABLED === 'true' || environment.OTEL_TRACES_EXPORTER === 'none') return null
  const parent = parseTraceParent(environment.TRACEPARENT)
  if (parent !== null && !parent.sampled) return null
  const either = (name: string) =>
    environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`] || ''
  if (either('PROTOCOL') === 'grpc') return { problem: 'OTLP over gRPC is not spoken; set an endpoint for OTLP/HTTP' }
  const url = parseUrl(endpoint)
  if (url === null) return { problem: `${JSON.stringify(endpoint)} is not a URL of http or https` }
  if (!environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  const timeoutMs = Number(either('TIMEOUT'))
  return {
    url,
    headers: parsePairs(either('HEADERS')),
    timeoutMs: timeoutMs > 0 ? Math.min(timeoutMs, timeoutMsMax) : timeoutMsDefault,
    parent: parent === null ? null : { ...parent.span, traceState: environment.TRACESTATE ?? '' },
    resource: {
      ...parsePairs(environment.OTEL_RESOURCE_ATTRIBUTES ?? ''),
      'service.name': environment.OTEL_SERVICE_NAME || 'agola',
    },
  }
}

function parseUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : null
}

/** `a=1,b=2`, percent-encoded. What is no pair is left out. */
function parsePairs(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at <= 0 ? [] : [[pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())] as const]
  })
  return Object.fromEntries(pairs.filter(([name]) => name !== ''))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not encoded after all.
    return text
  }
}

/** W3C trace context: version, trace, parent, flags. A header that is not well-formed counts as none. */
function parseTraceParent(text: string | undefined): { span: Omit<ParentSpan, 'traceState'>; sampled: boolean } | null {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text?.trim() ?? '')
  if (match === null) return null
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match
  const isValid =
    version !== 'ff' && !(version === '00' && more !== undefined) && !/^0+$/.test(traceId) && !/^0+$/.test(spanId)
  return isValid ? { span: { traceId, spanId }, sampled: (Number.parseInt(flags, 16) & 1) === 1 } : null
}
