import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'

/** A registry with the one image `test/true:latest` (a static busybox as /bin/true), run as a program of its own so that it can share an
 *  engine's network. `node image-registry.ts USER:PASSWORD BUSYBOX` prints its port; an empty first word lets everybody in, and with
 *  `slow` for a third word no layer is ever sent to its end.
 *  Each request is a line on the standard output after that: its path and who asked. */
const [, , account = '', busybox = '/bin/busybox', speed = ''] = process.argv

const layer = await tarOf(busybox)
const compressed = gzipSync(layer, { level: 1 })
const config = Buffer.from(
  JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  }),
)
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: describe('application/vnd.docker.container.image.v1+json', config),
    layers: [describe('application/vnd.docker.image.rootfs.diff.tar.gzip', compressed)],
  }),
)
const blobs = new Map([config, compressed].map((blob) => [digestOf(blob), blob]))

const server = createServer((request, response) => {
  const [, encoded = ''] = (request.headers.authorization ?? '').split(' ')
  const who = Buffer.from(encoded, 'base64').toString()
  process.stdout.write(`${request.url} ${who}\n`)
  const send = (status: number, type: string, body: Buffer) => {
    response.writeHead(status, {
      'content-type': type,
      'content-length': body.length,
      'docker-distribution-api-version': 'registry/2.0',
      'docker-content-digest': digestOf(body),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  if (account !== '' && who !== account) {
    response.setHeader('www-authenticate', 'Basic realm="test"')
    return send(401, 'application/json', errorBody('UNAUTHORIZED', 'authentication required'))
  }
  const path = request.url ?? ''
  if (path === '/v2/') return send(200, 'application/json', Buffer.from('{}'))
  const wanted = /^\/v2\/test\/true\/(manifests|blobs)\/(.+)$/.exec(path)
  if (wanted?.[1] === 'manifests' && (wanted[2] === 'latest' || wanted[2] === digestOf(manifest))) {
    return send(200, 'application/vnd.docker.distribution.manifest.v2+json', manifest)
  }
  const blob = wanted?.[1] === 'blobs' ? blobs.get(wanted[2] ?? '') : undefined
  if (blob === compressed && speed === 'slow' && request.method !== 'HEAD') {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': blob.length })
    response.write(blob.subarray(0, 64 * 1024))
    return
  }
  if (blob !== undefined) return send(200, 'application/octet-stream', blob)
  send(404, 'application/json', errorBody('MANIFEST_UNKNOWN', 'manifest unknown'))
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.stdout.write(`${address?.port}\n`)
})

async function tarOf(path: string): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises')
  const { pack } = await import('tar-stream')
  const { buffer } = await import('node:stream/consumers')
  const tar = pack()
  tar.entry({ name: 'bin', type: 'directory', mode: 0o755 })
  tar.entry({ name: 'bin/true', mode: 0o755 }, await readFile(path))
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile(path))
  tar.finalize()
  return buffer(tar)
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function describe(mediaType: string, bytes: Buffer) {
  return { mediaType, size: bytes.length, digest: digestOf(bytes) }
}

function errorBody(code: string, message: string): Buffer {
  return Buffer.from(JSON.stringify({ errors: [{ code, message }] }))
}
