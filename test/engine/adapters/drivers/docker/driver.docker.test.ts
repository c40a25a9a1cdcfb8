import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DockerDriver } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import { type AgolaError, hasCode } from '../../../../../src/engine/model/errors.ts'
import type { PodRequest } from '../../../../../src/engine/ports/pod-driver.ts'
import { dockerEngine } from '../../../../support/docker-engine.ts'
import {
  aContainer,
  anExecRequest,
  aPodRequest,
  type DockerWorld,
  runIn,
  startDockerWorld,
} from '../../../../support/docker-world.ts'

let world: DockerWorld
let driver: DockerDriver
let busybox: string

beforeAll(async () => {
  world = await startDockerWorld(await dockerEngine())
  driver = world.createDriver()
  busybox = await world.images.busybox()
})

afterEach(async () => {
  for (const { podId } of await driver.listPods()) await driver.removePod(podId)
  expect(await world.leftovers()).toEqual([])
})

afterAll(async () => {
  await driver.close()
  await world.end()
})

const messages: string[] = []
const create = (request: PodRequest) => driver.createPod(request, { onMessage: (line) => messages.push(line) })

async function failureOf(request: PodRequest): Promise<AgolaError> {
  const error = await create(request).then(
    () => null,
    (error: unknown) => error,
  )
  return error as AgolaError
}

test("a container's environment reaches a command, and no duplicate of a name does", async () => {
  const pod = await create(aPodRequest([aContainer(busybox, { environment: { ENV1: 'ENV1VALUE', BOTH: 'a' } })]))
  const { stdout } = await runIn(pod, ['env'], { environment: { BOTH: 'b' } })
  expect(stdout).toContain('ENV1=ENV1VALUE\n')
  expect(stdout.match(/^BOTH=.*$/gm)).toEqual(['BOTH=b'])
})

test.each([
  ['', false],
  ['dev', false],
  ['', true],
])(
  'the first command of a pod, which is no exec, differs from an exec in nothing, as user "%s", its variables from the image: %s',
  async (user, inImage) => {
    const opening = { script: ':', parameters: [] }
    // Names that a shell gives to variables of its own, the first process's too.
    const names = ['code', 'command', 'newline', 'pid', 'rest', 'toolbox', 'IFS', 'OPTIND', 'PS4', 'REPLY', '-u', 'a.b']
    const environment = Object.fromEntries([...names, 'OLDPWD', 'SHLVL'].map((name) => [name, '7']))
    const image = await world.images.withEnvironment({ SHLVL: '5', code: '6', pid: '8', OTHER: '9' })
    const pod = await create(
      aPodRequest([aContainer(image, { user, environment: inImage ? {} : environment })], { opening }),
    )
    const script = `env | sort; pwd; id; umask; ulimit -a; ls -l /proc/self/fd/0; tty
  grep -E '^(Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Seccomp|Groups|Cpus)' /proc/self/status
  cat /proc/self/cgroup /proc/self/oom_score_adj; ls /proc/self/fd; read -r stat </proc/$$/stat
  set -- \${stat##*) }; [ $$ = $3 ] && [ $$ = $4 ] && echo leads its group and its session; echo error >&2; exit 3`
    const look = () => runIn(pod, [...pod.toolbox('sh'), '-c', script], { environment: { OWN: "it's\n$HOME" } })
    const [first, second] = [await look(), await look()]
    const perExec = (text: string) =>
      text.replace(/^AGOLA_EXEC_ID=.*$/m, '').replace(/^.*( \/proc\/self\/fd\/0.*)$/m, '$1')
    expect(perExec(first.stdout)).toBe(perExec(second.stdout))
    expect(first).toMatchObject({ exitCode: 3, stderr: 'error\n' })
    expect(first.stdout).toContain("OWN=it's\n")
    const expected = inImage ? ['code=6', 'pid=8', 'OTHER=9', 'SHLVL=6'] : ['code=7', 'pid=7', 'command=7', 'SHLVL=8']
    expect(first.stdout.split('\n')).toEqual(expect.arrayContaining(expected))
    expect(first.stdout).toContain('leads its group and its session')
  },
)

test('an environment that Linux does not take is told with the name of the variable, or the sum', async () => {
  const large = 'x'.repeat(131_072)
  const pod = await create(aPodRequest([aContainer(busybox)]))
  const one = await runIn(pod, ['true'], { environment: { BIG: large } })
  expect(one).toMatchObject({ exitCode: 126, stderr: expect.stringContaining('the environment variable "BIG" has') })
  const environment = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`V${index}`, large.slice(31_072)]))
  const many = await runIn(pod, ['true'], { environment })
  expect(many).toMatchObject({ exitCode: 126, stderr: expect.stringContaining('more than the 2 MiB') })
  const most = Object.fromEntries(Object.entries(environment).slice(0, 19))
  expect(await runIn(pod, ['true'], { environment: most })).toMatchObject({ exitCode: 0 })
  const failure = await failureOf(aPodRequest([aContainer(busybox, { environment: { BIG: large } })]))
  expect(failure.message).toContain('the environment variable "BIG" has')
})

test('what the first command leaves behind is not heard in the next, and ends with the pod', async () => {
  const opening = { script: ':', parameters: [] }
  const pod = await create(aPodRequest([aContainer(busybox)], { opening }))
  const script = 'while :; do echo noise; echo noise >&2; sleep 0.01; done & echo done'
  const first = await runIn(pod, [...pod.toolbox('sh'), '-c', script])
  expect(first.exitCode).toBe(0)
  expect(first.stdout).toContain('done\n')
  const second = await runIn(pod, [...pod.toolbox('sh'), '-c', 'sleep 0.1; echo alone'])
  expect(second).toEqual({ exitCode: 0, stdout: 'alone\n', stderr: '' })
})

test('INT reaches the first command of a pod, which nothing has made deaf to it', async () => {
  const opening = { script: ':', parameters: [] }
  const pod = await create(aPodRequest([aContainer(busybox)], { opening }))
  const [stdout, ready] = [new PassThrough(), Promise.withResolvers<void>()]
  stdout.once('data', () => ready.resolve())
  const script = 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done'
  const exec = await pod.exec(anExecRequest([...pod.toolbox('sh'), '-c', script], { stdout }))
  await ready.promise
  await exec.kill('INT')
  expect(await exec.wait()).toBe(9)
})

test('services share the network of the main container, and not its processes', async () => {
  const service = aContainer(busybox, { entrypoint: 'busybox httpd -f -p 8080 -h /etc' })
  const pod = await create(aPodRequest([aContainer(busybox), service]))
  const ask = 'for i in 1 2 3 4 5 6 7 8 9 10; do wget -qO- localhost:8080/group && exit; sleep 0.1; done'
  expect((await runIn(pod, ['sh', '-c', ask])).stdout).toContain('dev:x:1000')
  expect((await runIn(pod, ['ps'])).stdout).not.toContain('httpd')
})

test('a strict clean-up lets services end with the main container', async () => {
  const strict = world.createDriver({ strictCleanup: true })
  const request = aPodRequest([aContainer(busybox), aContainer(busybox, { entrypoint: 'sleep 1000' })])
  const pod = await strict.createPod(request, { onMessage: () => undefined })
  expect((await runIn(pod, ['ps'])).stdout).toContain('sleep 1000')
  await pod.remove()
  await strict.close()
})

test('temporary file systems have the size that they are given, or none', async () => {
  const volumes = [
    { path: '/one', tmpfsSizeBytes: 1 << 20 },
    { path: '/two', tmpfsSizeBytes: 0 },
  ]
  const pod = await create(aPodRequest([aContainer(busybox, { volumes })]))
  const { stdout } = await runIn(pod, ['cat', '/proc/mounts'])
  expect(stdout).toMatch(/^tmpfs \/one tmpfs .*size=1024k/m)
  expect(stdout).toMatch(/^tmpfs \/two tmpfs/m)
})

test('the tools are there, read-only, in an image without a shell', async () => {
  const pod = await create(aPodRequest([aContainer(await world.images.onlyTrue())]))
  expect(await runIn(pod, ['/bin/true'])).toMatchObject({ exitCode: 0 })
  expect(await runIn(pod, ['sh', '-c', 'true'])).toMatchObject({ exitCode: 127 })
  expect(await runIn(pod, [...pod.toolbox('sh'), '-c', 'echo $((6 * 7))'])).toMatchObject({ stdout: '42\n' })
  expect(await runIn(pod, [...pod.toolbox('touch'), '/mnt/agola/x'])).toMatchObject({ exitCode: 1 })
})

test('a command in an image without a shell or /tmp can be killed', async () => {
  const pod = await create(aPodRequest([aContainer(await world.images.onlyTrue())]))
  const exec = await pod.exec(anExecRequest([...pod.toolbox('sleep'), '1000']))
  await exec.kill('TERM')
  expect(await exec.wait()).toBe(143)
})

test('a container with a user of its own runs as that one, and so do its commands unless they say otherwise', async () => {
  const pod = await create(aPodRequest([aContainer(busybox, { user: 'dev' })]))
  expect((await runIn(pod, ['id', '-u'])).stdout).toBe('1000\n')
  expect((await runIn(pod, ['id', '-u'], { user: '0' })).stdout).toBe('0\n')
  expect((await runIn(pod, ['stat', '-c', '%u', '/proc/1'])).stdout).toBe('1000\n')
})

test('commands of any user can be killed', async () => {
  const pod = await create(aPodRequest([aContainer(busybox, { user: 'dev' })]))
  for (const user of ['', 'dev', '1000:1000', 'root', '4242']) {
    const exec = await pod.exec(anExecRequest(['sh', '-c', 'sleep 1000'], { user }))
    await exec.kill('TERM')
    expect(await exec.wait()).toBe(143)
  }
})

test('a user that the image does not have is told with exit code 126', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  const result = await runIn(pod, ['true'], { user: 'nobody-here' })
  expect(result).toMatchObject({ exitCode: 126, stdout: '' })
  expect(result.stderr).toContain('nobody-here')
})

test('output that looks like a complaint of the engine is left as it is', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  const line = 'OCI runtime exec failed: not really'
  expect(await runIn(pod, ['echo', line])).toEqual({ exitCode: 0, stdout: `${line}\n`, stderr: '' })
  expect(await runIn(pod, ['sh', '-c', `echo ${line}; echo more; exit 126`])).toMatchObject({
    exitCode: 126,
    stdout: `${line}\nmore\n`,
  })
})

test('a command that leaves a child behind is over when it ends itself', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  expect(await runIn(pod, ['sh', '-c', 'sleep 1000 & echo done'])).toMatchObject({ exitCode: 0, stdout: 'done\n' })
})

test('every object carries the labels that a sweep needs', async () => {
  const labels = { 'agola.io/run': 'repository/7' }
  const request = aPodRequest([aContainer(busybox), aContainer(busybox, { entrypoint: 'sleep 1000' })], { labels })
  await create(request)
  const filters = { label: [`agola.io/podid=${request.podId}`] }
  const found = (await world.client.json('GET', '/containers/json', { query: { filters } })) as { Labels: object }[]
  expect(found).toHaveLength(2)
  for (const { Labels } of found) {
    expect(Labels).toMatchObject({
      'agola.io/agola': 'true',
      'agola.io/executorid': 'executor',
      'agola.io/podid': request.podId,
      'agola.io/taskid': 'task',
      'agola.io/containerindex': expect.stringMatching(/^[01]$/),
      'agola.io/executorsgroupid': world.groupId,
      'agola.io/mode': 'local',
      'agola.io/created': expect.stringMatching(/^\d{10}$/),
      'agola.io/expires': expect.stringMatching(/^\d{10}$/),
      'agola.io/run': 'repository/7',
    })
  }
})

test('a pod is listed as long as anything of it is left: a container, or a mere volume', async () => {
  const request = aPodRequest([aContainer(busybox), aContainer(busybox, { entrypoint: 'sleep 1000' })])
  await create(request)
  const { containerId } = await world.mainOf(request.podId)
  await world.client.json('DELETE', `/containers/${containerId}`, { query: { force: true } })
  expect(await driver.listPods()).toMatchObject([{ podId: request.podId, taskId: 'task' }])
  await driver.removePod(request.podId)

  const owner = {
    'agola.io/executorsgroupid': world.groupId,
    'agola.io/executorid': 'gone',
    'agola.io/podid': 'volume-only',
  }
  await world.client.json('POST', '/volumes/create', { body: { Name: `agola-test-${world.groupId}`, Labels: owner } })
  expect(await driver.listPods()).toMatchObject([{ podId: 'volume-only', executorId: 'gone', taskId: '' }])
})

test('a pod that is removed ends itself: the engine is not asked to kill, whatever runs in it', async () => {
  const opening = { script: ':', parameters: [] }
  const pod = await create(aPodRequest([aContainer(busybox)], { opening }))
  const request = { environment: {}, stdout: new PassThrough().resume() }
  await pod.exec(anExecRequest([...pod.toolbox('sh'), '-c', 'trap : TERM INT HUP; while :; do sleep 1; done'], request))
  await pod.exec(anExecRequest([...pod.toolbox('sleep'), '1000'], request))
  await pod.remove()
  expect(await pod.ended).toMatchObject({ reason: 'removed' })
  expect(await eventsOf(pod.id)).toEqual(expect.arrayContaining(['start', 'die', 'destroy']))
  expect(await eventsOf(pod.id)).not.toContain('kill')
})

test('a pod that cannot end itself is removed all the same', async () => {
  const opening = { script: ':', parameters: [] }
  const pod = await create(aPodRequest([aContainer(busybox)], { opening }))
  const [name] = await world.leftovers()
  await world.client.json('POST', `/containers${name}/pause`)
  await pod.remove()
  expect(await world.leftovers()).toEqual([])
})

/** What has happened to the containers of a pod so far. */
async function eventsOf(podId: string): Promise<string[]> {
  const filters = { label: [`agola.io/podid=${podId}`] }
  const query = { since: 0, until: Math.ceil(Date.now() / 1000), filters }
  const lines = (await text(await world.client.stream('GET', '/events', { query }))).trim().split('\n')
  return lines.map((line) => String((JSON.parse(line) as { Action: unknown }).Action))
}

test('a main container with an entrypoint of its own keeps running on that', async () => {
  const pod = await create(aPodRequest([aContainer(busybox, { entrypoint: 'sleep 1000' })]))
  expect((await runIn(pod, ['ps'])).stdout).toContain('sleep 1000')
})

test('an entrypoint that does not exist is told with the image, and leaves nothing', async () => {
  const main = await failureOf(aPodRequest([aContainer(busybox, { entrypoint: '/no/such/program' })]))
  expect(main.code).toBe('imageInvalid')
  expect(main.message).toContain(busybox)
  expect(main.message).toContain('entrypoint')
  const service = await failureOf(aPodRequest([aContainer(busybox), aContainer(busybox, { entrypoint: '/no/such' })]))
  expect(service.code).toBe('imageInvalid')
})

test('a container user that the image does not have is told', async () => {
  const error = await failureOf(aPodRequest([aContainer(busybox, { user: 'nobody-here' })]))
  expect(error.code).toBe('imageInvalid')
  expect(error.message).toContain('nobody-here')
})

test('an image name that is none is told before anything is asked', async () => {
  expect((await failureOf(aPodRequest([aContainer('Not/An/Image')]))).code).toBe('imageInvalid')
})

test('a missing image that may not be pulled is told with the image', async () => {
  const error = await failureOf(aPodRequest([aContainer('agola-test-missing:1')], { pull: 'never' }))
  expect(error.code).toBe('imageUnavailable')
  expect(error.message).toContain('agola-test-missing:1')
})

test('a privileged container needs the permission of the driver', async () => {
  const containers = [aContainer(busybox, { privileged: true })]
  expect((await failureOf(aPodRequest(containers))).code).toBe('assertionFailed')
  const allowing = world.createDriver({ privilegedContainers: true })
  expect((await allowing.capabilities()).privilegedContainers).toBe(true)
  await allowing.close()
})

test('git, bash and node run from images made of this machine', async () => {
  const git = await create(aPodRequest([aContainer(await world.images.gitAndBash())]))
  expect(
    (await runIn(git, ['bash', '-c', 'cd /tmp && git init -q x && git -C x status --short && echo $BASH_VERSION']))
      .stdout,
  ).toMatch(/^\d/)
  const node = await create(aPodRequest([aContainer(await world.images.node())]))
  expect((await runIn(node, ['node', '-p', 'process.version'])).stdout).toBe(`${process.version}\n`)
})

test('a terminal has the size that it was given', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  // The size arrives a moment after the start with engines that do not take it along.
  const script = 'for i in 1 2 3 4 5 6 7 8 9 10; do stty size | grep "31 101" && exit; sleep 0.1; done'
  const stty = [...pod.toolbox('sh'), '-c', script.replace('stty', pod.toolbox('stty').join(' '))]
  expect((await runIn(pod, stty, { tty: { columns: 101, rows: 31 } })).stdout).toContain('31 101')
})

test('pods at the same time do not disturb each other', async () => {
  const pods = await Promise.all([1, 2, 3, 4].map(() => create(aPodRequest([aContainer(busybox)]))))
  const results = await Promise.all(
    pods.map((pod, index) => runIn(pod, ['sh', '-c', `echo ${index} >/tmp/x; cat /tmp/x`])),
  )
  expect(results.map(({ stdout }) => stdout)).toEqual(['0\n', '1\n', '2\n', '3\n'])
  await Promise.all(pods.map((pod) => pod.remove()))
})

test('memory stays flat while a command writes more than fits', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  const { Writable } = await import('node:stream')
  let bytes = 0
  let peakBytes = 0
  const startBytes = process.memoryUsage.rss()
  const slow = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
      setImmediate(done)
    },
  })
  const exec = await pod.exec(anExecRequest(['head', '-c', String(256 << 20), '/dev/zero'], { stdout: slow }))
  expect(await exec.wait()).toBe(0)
  expect(bytes).toBe(256 << 20)
  expect(peakBytes - startBytes).toBeLessThan(128 << 20)
})

test('a closed reader is an error of its own, and the pod goes on', async () => {
  const pod = await create(aPodRequest([aContainer(busybox)]))
  const { PassThrough } = await import('node:stream')
  const closed = new PassThrough()
  closed.destroy()
  const exec = await pod.exec(anExecRequest(['echo', 'x'], { stdout: closed }))
  const failure = await exec.wait().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Error)
  expect(hasCode(failure, 'podDoesNotExist')).toBe(false)
  expect(await runIn(pod, ['true'])).toMatchObject({ exitCode: 0 })
})
