import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HostDriver } from '../../../../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../../../../src/engine/adapters/system.ts'
import type { Pod, PodRequest } from '../../../../../src/engine/ports/pod-driver.ts'
import { aContainer, anExecRequest, aPodRequest, runIn } from '../../../../support/docker-world.ts'

let baseDir: string
let driver: HostDriver

beforeEach(async () => {
  baseDir = await mkdtemp(join(tmpdir(), 'agola-host-'))
  driver = new HostDriver({
    clock: systemClock,
    random: systemRandom,
    executorsGroupId: 'ours',
    baseDir,
    environment: { PATH: process.env.PATH, HOME: '/must/not/be/seen', SECRET: 'of the user' },
    hostBusyboxPaths: [],
  })
})

afterEach(async () => {
  for (const { podId } of await driver.listPods()) await driver.removePod(podId)
  expect(await readdir(baseDir)).toEqual([])
  await rm(baseDir, { recursive: true })
})

const create = (request: PodRequest = aPodRequest([aContainer('image')])): Promise<Pod> =>
  driver.createPod(request, { onMessage: () => undefined })

test('a pod has a private home, workspace and temporary folder, and sees nothing of the user but what programs need', async () => {
  const pod = await create()
  const { stdout } = await runIn(pod, ['sh', '-c', 'cd && pwd; mktemp; env'])
  const [home, temporary] = stdout.split('\n')
  expect(home?.startsWith(`${baseDir}/`)).toBe(true)
  expect(temporary?.startsWith(`${baseDir}/`)).toBe(true)
  expect(stdout).not.toContain('/must/not/be/seen')
  expect(stdout).not.toContain('SECRET')
  expect((await runIn(pod, ['pwd'])).stdout.startsWith(`${baseDir}/`)).toBe(true)
  const [name] = await readdir(baseDir)
  expect((await stat(join(baseDir, name ?? ''))).mode & 0o777).toBe(0o700)
})

test('a pod is removed although a step made its folders read-only', async () => {
  const pod = await create()
  await runIn(pod, ['sh', '-c', 'mkdir -p a/b && touch a/b/c && chmod -R a-w a'])
  await pod.remove()
  expect(await readdir(baseDir)).toEqual([])
})

test('a command that leaves a child behind is over when it ends itself', async () => {
  const pod = await create()
  expect(await runIn(pod, ['sh', '-c', 'sleep 1000 & echo done'])).toMatchObject({ exitCode: 0, stdout: 'done\n' })
})

test('what the system refuses to start with is told by the command, whose pipes close', async () => {
  const pod = await create()
  const openPipes = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length
  const before = openPipes()
  for (const [request, message] of [
    [{ environment: { A: 'x'.repeat(200_000) } }, /^cannot run "echo": its arguments or environment are longer than/],
    [{ environment: { A: 'secret\0' } }, /^cannot run "echo": a NUL byte in its arguments, environment or working/],
    [{ workingDir: '/tmp/a\0b' }, /^cannot run "echo": a NUL byte/],
  ] as const) {
    const result = await runIn(pod, ['echo', 'hi'], request)
    expect(result).toMatchObject({ exitCode: 126, stdout: '', stderr: expect.stringMatching(message) })
    expect(result.stderr).not.toContain('secret')
  }
  expect(openPipes()).toBe(before)
})

test('stopping a pod ends everything that was started in it, whatever session it went to', async () => {
  const pod = await create()
  const { stdout } = await runIn(pod, ['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 & echo $!'])
  expect(await isRunning(Number(stdout))).toBe(true)
  await pod.stop(1000)
  expect(await isRunning(Number(stdout))).toBe(false)
})

function startOrphan(keepUntil = 0): ChildProcess {
  const script = fileURLToPath(new URL('orphan.ts', import.meta.url))
  return spawn(process.execPath, [script, baseDir, String(keepUntil)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text !== '' && !/\) Z /.test(text)
}

/** Resolves to the ids of the processes that the killed program had started. */
async function killOnceRunning(orphan: ChildProcess): Promise<number[]> {
  if (orphan.stdout === null) throw new Error('no output')
  const [line] = (await once(orphan.stdout, 'data')) as [Buffer]
  const pids = line.toString().trim().split(' ').map(Number)
  for (const pid of pids) expect(await isRunning(pid)).toBe(true)
  const exited = once(orphan, 'exit')
  orphan.kill('SIGKILL')
  await exited
  return pids
}

test('processes and directory of a pod end when the process that made it is killed', async () => {
  const pids = await killOnceRunning(startOrphan())
  while ((await readdir(baseDir)).length > 0) await new Promise(setImmediate)
  for (const pid of pids) expect(await isRunning(pid)).toBe(false)
})

test('directories go too when the process is killed while it makes them', async () => {
  const program = fileURLToPath(new URL('many-orphans.ts', import.meta.url))
  for (let wanted = 1; wanted <= 16; wanted += 5) {
    const child = spawn(process.execPath, ['--no-warnings', program, baseDir], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    while ((await readdir(baseDir)).length < wanted) await new Promise(setImmediate)
    child.kill('SIGKILL')
    await exited
    while ((await readdir(baseDir)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
})

test('a pod that is to be kept survives the process that made it, until another removes it', async () => {
  const pids = await killOnceRunning(startOrphan(Date.now() + 600_000))
  expect(await driver.listPods()).toMatchObject([{ podId: 'orphan', executorId: 'executor' }])
  for (const pid of pids) expect(await isRunning(pid)).toBe(true)
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `ps -A -o pid=,args= | grep "[${baseDir[0]}]${baseDir.slice(1)}"`,
  ])
  const watchdog = Number(stdout.trim().split(' ')[0])
  await driver.removePod('orphan')
  for (const pid of [...pids, watchdog]) while (await isRunning(pid)) await new Promise(setImmediate)
})

test('removing a pod through the driver ends it and its watchdog, kept or not', async () => {
  for (const keep of [{}, { keepUntil: Date.now() + 600_000 }]) {
    const pod = await create(aPodRequest([aContainer('image')], keep))
    const watchdog = ['sh', '-c', 'ps -A -o pid=,args= | grep "AGOLA_POD_I[D]=$AGOLA_POD_ID"']
    const pid = Number((await runIn(pod, watchdog)).stdout.trim().split(' ')[0])
    expect(await isRunning(pid)).toBe(true)
    await driver.removePod(pod.id)
    expect((await pod.ended).reason).toBe('removed')
    expect(await isRunning(pid)).toBe(false)
  }
})

test('a pod whose watchdog is killed ends, since nobody would end it any more', async () => {
  const pod = await create()
  const { stdout } = await runIn(pod, ['sh', '-c', 'ps -A -o pid=,args= | grep "AGOLA_POD_I[D]=$AGOLA_POD_ID"'])
  process.kill(Number(stdout.trim().split(' ')[0]), 'SIGKILL')
  expect((await pod.ended).reason).toBe('lost')
  await expect(pod.exec(anExecRequest(['true']))).rejects.toThrow('ended')
})
