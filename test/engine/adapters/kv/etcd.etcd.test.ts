import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { EtcdKeyValueStore, type EtcdKeyValueStoreOptions } from '../../../../src/engine/adapters/kv/etcd.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import type { KeyValueStore, WatchBatch, WatchEvent } from '../../../../src/engine/ports/key-value-store.ts'
import { EtcdServer } from '../../../support/etcd-server.ts'
import { complaintAbout, type KvOperation, workOn } from '../../../support/kv-history.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { TcpProxy } from '../../../support/tcp-proxy.ts'

const cleanUps: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function startServer(...args: Parameters<typeof EtcdServer.start>): Promise<EtcdServer> {
  const server = await EtcdServer.start(...args)
  cleanUps.push(() => server.destroy())
  return server
}

async function open(endpoints: string[], options: Partial<EtcdKeyValueStoreOptions> = {}): Promise<EtcdKeyValueStore> {
  const store = await EtcdKeyValueStore.open({ endpoints, clock: systemClock, random: systemRandom, ...options })
  cleanUps.push(() => store.close())
  return store
}

const put = (store: KeyValueStore, key: string, value = new Uint8Array()) =>
  store.txn({ then: [{ type: 'put', key, value }] })
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)

async function collect(
  watch: AsyncIterable<WatchBatch>,
  isEnough: (events: WatchEvent[]) => boolean,
): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  for await (const batch of watch) {
    events.push(...batch.events)
    if (isEnough(events)) break
  }
  return events
}

/** Sooner than the connection to a silent server is given up, which would end its calls too. */
const connectionMs = 15_000

const keyOf = (event: WatchEvent | undefined) => (event?.type === 'put' ? event.entry.key : event?.key)
const revisionOf = (event: WatchEvent) => (event.type === 'put' ? event.entry.modRevision : event.modRevision)

describe('a server that is killed', () => {
  test('comes back with every acknowledged write; clients agree on one order, and a watcher sees each change once', async () => {
    const server = await startServer()
    const stores = await Promise.all([1, 2, 3, 4].map(() => open([server.endpoint])))
    const [first] = stores
    if (!first) throw new Error('No store was opened.')
    for (let seed = 1; seed <= 3; seed++) {
      const { revision } = await put(first, 'begin')
      const watched = collect(
        first.watch({ prefix: `${seed}/`, from: revision + 1n }),
        (events) => keyOf(events.at(-1)) === `${seed}/end`,
      )
      const history: KvOperation[] = []
      const work = { keys: ['x', 'y', 'z'].map((key) => `${seed}/${key}`), count: 40, now: () => performance.now() }
      let started = 0
      let crash: Promise<void> | undefined
      const record = (operation: KvOperation, phase: string) => {
        if (phase !== 'start') return
        history.push(operation)
        if (++started === 60) crash = server.kill().then(() => server.restart())
      }
      await Promise.all(
        stores.map((store, index) =>
          workOn({ store, random: new SeededRandom(seed * 10 + index), name: `${index}` }, work, record),
        ),
      )
      await crash
      expect(complaintAbout(history), `seed ${seed}`).toBeNull()
      await put(first, `${seed}/end`)
      const revisions = (await watched).map(revisionOf)
      expect(revisions).toEqual([...revisions].sort((a, b) => Number(a - b)))
      const acknowledged = history.filter(({ input, output }) => input.type === 'set' && output?.succeeded)
      expect(acknowledged.length).toBeGreaterThan(10)
      for (const { revision: written } of acknowledged) expect(revisions).toContain(written)
    }
  })

  test('a watcher that was catching up goes on where it was, not where the server is', async () => {
    const server = await startServer()
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'begin')
    const count = 5000
    for (let sent = 0; sent < count; sent += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => put(store, `k/${sent + index}`)))
    }
    const seen: bigint[] = []
    for await (const batch of store.watch({ prefix: 'k/', from: revision + 1n })) {
      const before = seen.length
      seen.push(...batch.events.map(revisionOf))
      if (before < 1500 && seen.length >= 1500) {
        await server.kill()
        await server.restart()
      }
      if (seen.length >= count) break
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => revision + 1n + BigInt(index)))
  })

  test('a failed write says whether it may have been made', async () => {
    const server = await startServer()
    const store = await open([server.endpoint], { requestMsMax: 3000 })
    const writes = Promise.allSettled(Array.from({ length: 200 }, (_, index) => put(store, `k/${index}`)))
    await server.kill()
    const results = await writes
    const codes = results.map((result) => (result.status === 'rejected' ? codeOf(result.reason) : 'fine'))
    expect(
      [...new Set(codes)].filter((code) => !['fine', 'outcomeUnknown', 'storeUnreachable'].includes(String(code))),
    ).toEqual([])
    await expect(put(store, 'later')).rejects.toMatchObject({ code: 'storeUnreachable', kind: 'unavailable' })
    await server.restart()
    const { entries } = await store.range({ prefix: 'k/', keysOnly: true })
    const present = new Set(entries.map(({ key }) => key))
    for (const [index, code] of codes.entries()) {
      if (code === 'fine') expect(present.has(`k/${index}`)).toBe(true)
      if (code === 'storeUnreachable') expect(present.has(`k/${index}`)).toBe(false)
    }
    expect((await store.get('later')).entry).toBeNull()
  })

  test(
    'an answer that does not come in time leaves a write unknown, and ends a read as unreachable',
    async () => {
      const server = await startServer()
      const store = await open([server.endpoint], { requestMsMax: 2000 })
      await put(store, 'before')
      await server.pause()
      try {
        const [write, read] = await Promise.allSettled([put(store, 'late'), store.get('before')])
        expect(write).toMatchObject({ status: 'rejected', reason: { code: 'outcomeUnknown' } })
        expect(read).toMatchObject({ status: 'rejected', reason: { code: 'storeUnreachable' } })
      } finally {
        server.resume()
      }
      expect((await store.get('before')).entry?.key).toBe('before')
    },
    connectionMs,
  )

  test(
    'a caller who gives up gets its own reason at once, while the server is silent',
    async () => {
      const server = await startServer()
      const store = await open([server.endpoint])
      await server.pause()
      try {
        const caller = new AbortController()
        const read = store.get('k', { signal: caller.signal })
        setImmediate(() => caller.abort(new Error('not wanted any more')))
        await expect(read).rejects.toThrow('not wanted any more')
      } finally {
        server.resume()
      }
    },
    connectionMs,
  )

  test('a lease is given up by its holder when no keep-alive comes through in time', async () => {
    const server = await startServer()
    const store = await open([server.endpoint], { requestMsMax: 1500 })
    const lease = await store.lease(6000)
    await server.kill()
    await expect(lease.keepAlive()).rejects.toMatchObject({ code: 'storeUnreachable' })
    expect(lease.lost.aborted).toBe(false)
    await new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
    await expect(lease.keepAlive()).rejects.toMatchObject({ code: 'leaseLost' })
  })

  test('a server that has lost its data is another store: the watch ends and the id is new', async () => {
    const server = await startServer()
    const store = await open([server.endpoint])
    const { storeId } = await store.status()
    const { revision } = await put(store, 'a')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    await watch.next()
    const next = watch.next()
    next.catch(() => undefined)
    await server.wipe()
    await server.restart()
    await expect(next).rejects.toMatchObject({ code: 'revisionCompacted' })
    expect((await store.status()).storeId).not.toBe(storeId)
    expect((await store.get('a')).entry).toBeNull()
  })

  test('a watch of a store that was lost ends, though its client has looked at the new one since', async () => {
    const server = await startServer()
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'last')
    const from = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    const now = store.watch({ prefix: '' })[Symbol.asyncIterator]()
    await Promise.all([from.next(), now.next()])
    await server.kill()
    await server.wipe()
    await server.restart()
    const other = await open([server.endpoint])
    for (let index = 0; index < 10; index++) await put(other, `new/${index}`)
    expect((await store.status()).revision).toBeGreaterThan(revision)
    for (const watch of [from, now]) await expect(watch.next()).rejects.toMatchObject({ code: 'revisionCompacted' })
    const again = store.watch({ prefix: '', from: revision + 1n })[Symbol.asyncIterator]()
    expect((await again.next()).value?.events.length).toBeGreaterThan(0)
  })

  test('a server that was restored from a backup has gone back: the watch ends instead of leaving out what is new', async () => {
    const server = await startServer()
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'kept')
    await server.makeBackup()
    await server.restart()
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    await put(store, 'lost 1')
    const last = await put(store, 'lost 2')
    for (let seen = revision; seen < last.revision; ) seen = (await watch.next()).value?.revision ?? seen
    const next = watch.next()
    next.catch(() => undefined)
    await server.restoreBackup()
    await server.restart()
    await expect(next).rejects.toMatchObject({ code: 'revisionCompacted' })
  })

  test('a watch of the future tells nothing sooner, though the server starts again meanwhile', async () => {
    const server = await startServer(['--experimental-watch-progress-notify-interval=100ms'])
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'begin')
    const from = revision + 4n
    const future = collect(store.watch({ prefix: 'k/', from }), (events) => events.length >= 2)
    const present = store.watch({ prefix: 'k/', from: revision })[Symbol.asyncIterator]()
    await put(store, 'elsewhere')
    // Progress notices, which tell of a revision before what the other watch waits for.
    await present.next()
    await server.kill()
    await server.restart()
    for (let index = 1; index <= 5; index++) await put(store, `k/${index}`)
    expect((await future).map(revisionOf)).toEqual([from, from + 1n])
  })

  test('a watcher that was cut off during a compaction is told what is left', async () => {
    const server = await startServer()
    const proxy = await TcpProxy.start(Number(new URL(server.endpoint).port))
    cleanUps.push(() => proxy.close())
    const slow = await open([`http://127.0.0.1:${proxy.port}`])
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'a')
    const watch = slow.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    expect((await watch.next()).value?.events).toHaveLength(1)
    proxy.freeze()
    await put(store, 'b')
    const last = await put(store, 'c')
    await store.compact(last.revision)
    proxy.cut()
    await expect(watch.next()).rejects.toMatchObject({
      code: 'revisionCompacted',
      details: { minRevision: String(last.revision + 1n) },
    })
  })
})

describe('connections', () => {
  test('a watch survives connections that break, without loss or repetition', async () => {
    const server = await startServer()
    const proxy = await TcpProxy.start(Number(new URL(server.endpoint).port))
    cleanUps.push(() => proxy.close())
    const watcher = await open([`http://127.0.0.1:${proxy.port}`])
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'begin')
    const watched = collect(watcher.watch({ prefix: 'k/', from: revision }), (events) => events.length >= 500)
    for (let index = 0; index < 500; index++) {
      await put(store, `k/${index}`)
      if (index % 100 === 50) proxy.cut()
    }
    expect((await watched).map(keyOf)).toEqual(Array.from({ length: 500 }, (_, index) => `k/${index}`))
  })

  test('a connection that falls silent is noticed and replaced', async () => {
    const server = await startServer()
    const proxy = await TcpProxy.start(Number(new URL(server.endpoint).port))
    cleanUps.push(() => proxy.close())
    const watcher = await open([`http://127.0.0.1:${proxy.port}`], { silenceMsMax: 1000 })
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'a')
    const watch = watcher.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    expect(keyOf((await watch.next()).value?.events[0])).toBe('a')
    proxy.freeze()
    await put(store, 'b')
    for (;;) {
      const { value } = await watch.next()
      if (value?.events.length) {
        expect(value.events.map(keyOf)).toEqual(['b'])
        break
      }
    }
  })

  test('a quiet watch stays, and its tests are seen by nobody', async () => {
    const server = await startServer()
    const store = await open([server.endpoint], { silenceMsMax: 50 })
    const { revision } = await put(store, 'a')
    const stop = new AbortController()
    const events: WatchEvent[] = []
    const watching = (async () => {
      for await (const batch of store.watch({ prefix: '', from: revision }, { signal: stop.signal }))
        events.push(...batch.events)
    })()
    // Pings make revisions; ten of them have passed when the store is so much further.
    while ((await store.status()).revision < revision + 10n) await new Promise((resolve) => setTimeout(resolve, 20))
    await put(store, 'b')
    while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    stop.abort(new Error('enough'))
    await expect(watching).rejects.toThrow('enough')
    expect(events.map(keyOf)).toEqual(['a', 'b'])
    expect((await store.range({ prefix: '' })).entries.map(({ key }) => key)).toEqual(['a', 'b'])
  })

  test('goes on with the next endpoint when one is gone', async () => {
    const server = await startServer()
    const gone = await startServer()
    const proxy = await TcpProxy.start(Number(new URL(server.endpoint).port))
    await gone.kill()
    const store = await open([gone.endpoint, `http://127.0.0.1:${proxy.port}`, server.endpoint])
    await put(store, 'a')
    await proxy.close()
    expect((await store.get('a')).entry).not.toBeNull()
    await put(store, 'b')
  })

  test('says which endpoint cannot be reached', async () => {
    const server = await startServer()
    await server.kill()
    const { host } = new URL(server.endpoint)
    await expect(open([server.endpoint], { requestMsMax: 200 })).rejects.toMatchObject({
      code: 'storeUnreachable',
      message: expect.stringContaining(host),
    })
  })

  test.each([[[]], [['127.0.0.1:2379']], [['http://a:1', 'https://b:1']]])(
    'refuses the endpoints %j',
    async (endpoints) => {
      await expect(open(endpoints)).rejects.toMatchObject({
        code: 'storeUnusable',
        message: expect.stringContaining('endpoint'),
      })
    },
  )

  test('a watch carries more than one message can', async () => {
    const server = await startServer()
    const store = await open([server.endpoint])
    const { revision } = await put(store, 'begin')
    for (let index = 0; index < 8; index++) await put(store, `k/${index}`, new Uint8Array(1024 * 1024))
    const events = await collect(store.watch({ prefix: 'k/', from: revision }), (all) => all.length >= 8)
    expect(events.map(keyOf)).toEqual(Array.from({ length: 8 }, (_, index) => `k/${index}`))
    expect((await store.range({ prefix: 'k/' })).entries).toHaveLength(8)
  })
})

describe('who may use it', () => {
  const auth = async (server: EtcdServer, path: string, body: object, token = '') => {
    const headers = token === '' ? {} : { authorization: token }
    const request = { method: 'POST', body: JSON.stringify(body), headers }
    const response = await fetch(`${server.endpoint}/v3/auth/${path}`, request)
    const answer = (await response.json()) as { token?: string }
    expect(response.status, JSON.stringify(answer)).toBe(200)
    return answer
  }

  async function withUser() {
    const server = await startServer()
    const call = (path: string, body: object) => auth(server, path, body)
    await call('user/add', { name: 'root', password: 'secret' })
    await call('role/add', { name: 'root' })
    await call('user/grant', { user: 'root', role: 'root' })
    await call('user/add', { name: 'guest', password: 'secret' })
    await call('enable', {})
    return server
  }

  test('goes on through a restart of the server, which has forgotten who it was', async () => {
    const server = await withUser()
    const store = await open([server.endpoint], { user: { name: 'root', password: 'secret' } })
    await put(store, 'a')
    for (let restart = 0; restart < 3; restart++) {
      await server.kill()
      const reads = Promise.all([1, 2, 3].map(() => store.get('a')))
      await Promise.all([server.restart(), reads])
      expect((await reads).map(({ entry }) => entry?.key)).toEqual(['a', 'a', 'a'])
    }
  })

  test('is told when the password was changed under a store in use, and the watch ends with the same', async () => {
    const server = await withUser()
    const store = await open([server.endpoint], { user: { name: 'root', password: 'secret' } })
    const { revision } = await put(store, 'a')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    await watch.next()
    const { token } = await auth(server, 'authenticate', { name: 'root', password: 'secret' })
    await auth(server, 'user/changepw', { name: 'root', password: 'another' }, token)
    await server.kill()
    await server.restart()
    const refused = { code: 'storeUnusable', message: expect.stringContaining('password') }
    await expect(put(store, 'b')).rejects.toMatchObject(refused)
    await expect(watch.next()).rejects.toMatchObject(refused)
    const other = await open([server.endpoint], { user: { name: 'root', password: 'another' } })
    expect((await other.get('b')).entry).toBeNull()
  })

  test('logs in with user and password, and again when the server has forgotten', async () => {
    const server = await withUser()
    const store = await open([server.endpoint], { user: { name: 'root', password: 'secret' } })
    const { revision } = await put(store, 'a')
    const watch = store.watch({ prefix: '', from: revision })[Symbol.asyncIterator]()
    await watch.next()
    await server.kill()
    await server.restart()
    await put(store, 'b')
    expect(keyOf((await watch.next()).value?.events[0])).toBe('b')
  })

  test.each([
    ['a wrong password', { name: 'root', password: 'wrong' }],
    ['a user without rights', { name: 'guest', password: 'secret' }],
    ['no user', undefined],
  ])('refuses %s with a clear error', async (_, user) => {
    const server = await withUser()
    await expect(open([server.endpoint], user ? { user } : {})).rejects.toMatchObject({
      code: 'storeUnusable',
      message: expect.stringContaining('password'),
    })
  })

  test('a user is no harm where nobody has to log in', async () => {
    const server = await startServer()
    await put(await open([server.endpoint], { user: { name: 'root', password: 'secret' } }), 'a')
  })

  test('TLS: the right authority works, and anything else is told clearly', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'agola-tls-'))
    cleanUps.push(() => rm(directory, { recursive: true }))
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
    const selfSigned = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    for (const name of ['server', 'other']) {
      const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
      openssl(...selfSigned, ...names, '-keyout', `${name}.key`, '-out', `${name}.pem`)
    }
    const file = (name: string) => join(directory, name)
    const server = await startServer(['--cert-file', file('server.pem'), '--key-file', file('server.key')], 'https')
    const ca = await readFile(file('server.pem'))
    await put(await open([server.endpoint], { tls: { ca } }), 'a')
    await put(await open([server.endpoint], { tls: { skipVerify: true } }), 'b')
    const refused = { code: 'storeUnusable', message: expect.stringContaining('TLS') }
    await expect(open([server.endpoint], { tls: { ca: await readFile(file('other.pem')) } })).rejects.toMatchObject(
      refused,
    )
    await expect(open([server.endpoint])).rejects.toMatchObject(refused)
    const plain = server.endpoint.replace('https', 'http')
    const withoutTls = (await startServer()).endpoint.replace('http', 'https')
    // A server that is just going down looks the same, so this is worth another try, and the message says what else it may be.
    for (const other of [plain, withoutTls]) {
      await expect(open([other], { tls: { ca }, requestMsMax: 2000 })).rejects.toMatchObject({
        code: 'storeUnreachable',
        message: expect.stringContaining('http or https'),
      })
    }
    const own = { certificate: await readFile(file('other.pem')), key: await readFile(file('other.key')) }
    const asking = ['--cert-file', file('server.pem'), '--key-file', file('server.key'), '--client-cert-auth']
    const strict = await startServer([...asking, '--trusted-ca-file', file('other.pem')], 'https')
    await put(await open([strict.endpoint], { tls: { ca, ...own } }), 'c')
    // The server's alert may be lost with the connection that it ends: another try tells.
    await expect(open([strict.endpoint], { tls: { ca } })).rejects.toMatchObject(refused)
    const wrong = { certificate: ca, key: await readFile(file('server.key')) }
    await expect(open([strict.endpoint], { tls: { ca, ...wrong } })).rejects.toMatchObject(refused)
  })
})

test('a server without space says so, and what was there stays readable', async () => {
  const server = await startServer(['--quota-backend-bytes', String(2 * 1024 * 1024)])
  const store = await open([server.endpoint])
  await put(store, 'first')
  const fill = async () => {
    for (let index = 0; index < 100; index++) await put(store, `k/${index}`, new Uint8Array(200_000))
  }
  await expect(fill()).rejects.toMatchObject({
    code: 'storeFull',
    kind: 'unavailable',
    message: expect.stringContaining('NOSPACE'),
  })
  expect((await store.get('first')).entry).not.toBeNull()
})

test('stores of different namespaces share a server and not their keys', async () => {
  const server = await startServer()
  const [one, two] = [
    await open([server.endpoint], { namespace: 'a/' }),
    await open([server.endpoint], { namespace: 'a/b/' }),
  ]
  await put(two, 'k')
  await put(one, 'k')
  expect((await two.range({ prefix: '' })).entries.map(({ key }) => key)).toEqual(['k'])
  expect((await one.status()).storeId).not.toBe((await two.status()).storeId)
})
