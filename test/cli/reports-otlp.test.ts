import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { otlpSettings } from '../../src/cli/reports/otlp-settings.ts'
import { openReports } from '../../src/cli/reports.ts'
import {
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskStarted,
} from '../views/progress-events.ts'

const facts = { repoUuid: 'repo', commitSha: 'c0ffee', ref: 'refs/heads/main' }
const test0 = step('test')
const events = [
  runCreated({ unit: ['test'] }),
  taskStarted('unit'),
  stepStarted('unit', test0),
  stepFinished('unit', test0),
  taskFinished('unit'),
  runFinished(),
]

interface Received {
  url: string | undefined
  headers: IncomingHttpHeaders
  body: { resourceSpans: { scopeSpans: { spans: { name: string; traceId: string; parentSpanId?: string }[] }[] }[] }
}

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function collector(status: number | null, reply = '{}'): Promise<{ endpoint: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    received.push({ url: request.url, headers: request.headers, body: JSON.parse(text) })
    if (status !== null) response.writeHead(status).end(reply)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

async function run(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const reports = await openReports([], '/', environment)
  for (const event of events) await reports.event(event)
  const problems = await reports.finish(facts)
  await reports.close()
  return problems
}

test('the spans of a run are sent to the endpoint, with its headers, below the parent', async () => {
  const { endpoint, received } = await collector(200)
  const problems = await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/base/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1',
    TRACEPARENT: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  })
  expect(problems).toEqual([])
  expect(received).toHaveLength(1)
  expect(received[0]?.url).toBe('/base/v1/traces')
  expect(received[0]?.headers).toMatchObject({ 'api-key': 'a b', x: '1', 'content-type': 'application/json' })
  const spans = received[0]?.body.resourceSpans[0]?.scopeSpans[0]?.spans ?? []
  expect(spans.map(({ name }) => name)).toEqual(['RUN checks', 'unit', 'test'])
  expect(spans[0]).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16) })
})

test('an endpoint for traces is taken as it is', async () => {
  const { endpoint, received } = await collector(202, '')
  expect(await run({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/mine?x=1` })).toEqual([])
  expect(received[0]?.url).toBe('/mine?x=1')
})

test('an endpoint that refuses, is not there, or never answers is one notice', async () => {
  const refusing = await collector(503)
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: refusing.endpoint })).toEqual([
    'spans were not exported: the endpoint answered 503',
  ])
  const rejecting = await collector(200, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}')
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: rejecting.endpoint })).toEqual([
    expect.stringContaining('3 spans were rejected'),
  ])
  const gone = await collector(200)
  await new Promise((resolve) => servers.pop()?.close(resolve))
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: gone.endpoint })).toEqual([expect.stringContaining('ECONNREFUSED')])
  const silent = await collector(null)
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: silent.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '60' })).toEqual([
    'spans were not exported: no answer within 60 ms',
  ])
})

test('settings that mean nothing are one notice after the run', async () => {
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317' })).toEqual([
    'spans were not exported: "localhost:4317" is not a URL of http or https',
  ])
  expect(await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([
    expect.stringContaining('gRPC'),
  ])
})

test('nothing is sent where nobody asks, tracing is off, or the parent is not sampled', () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318'
  const none = [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, TRACEPARENT: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` },
  ]
  for (const environment of none) expect(otlpSettings(environment)).toBeNull()
})

test('the environment names the sender and the time, and a parent that is not well-formed counts as none', () => {
  const settings = otlpSettings({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318',
    OTEL_EXPORTER_OTLP_TIMEOUT: '900000',
    OTEL_SERVICE_NAME: 'mine',
    OTEL_RESOURCE_ATTRIBUTES: 'team=a%2Cb,broken,service.name=other,bad=%zz',
    TRACEPARENT: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
  })
  expect(settings).toMatchObject({
    timeoutMs: 30_000,
    parent: null,
    resource: { team: 'a,b', 'service.name': 'mine', bad: '%zz' },
  })
})
