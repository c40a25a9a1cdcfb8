import { PassThrough, Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasCode } from '../../src/engine/model/errors.ts'
import type { ExecRequest, Pod, PodDriver, PodOpening, PodRequest } from '../../src/engine/ports/pod-driver.ts'
import { type ProgramName, programs } from './pod-programs.ts'

/** What the suite needs of an implementation. */
export interface DriverUnderTest {
  /** Another driver over the same engine: of the same executors group, or of a foreign one. */
  driver: (executorsGroup?: 'ours' | 'foreign') => PodDriver
  image: string
  /** Whether a command can have a terminal here. */
  hasTerminals: boolean
  /** What the first process of every pod runs before anything else. */
  opening?: PodOpening
  end: () => Promise<void>
}

/** What every PodDriver does alike. `kind` says whether commands are real ones, with a file system and processes of their own. */
export function podDriverContract(
  name: string,
  kind: 'real programs' | 'scripted programs',
  start: () => Promise<DriverUnderTest>,
): void {
  describe(`${name}, as every pod driver,`, () => {
    let setup: DriverUnderTest
    let driver: PodDriver
    let pods = 0
    const created: Pod[] = []

    beforeAll(async () => {
      setup = await start()
      driver = setup.driver()
    })

    afterEach(async () => {
      for (const pod of created.splice(0)) await pod.remove()
      for (const { podId } of await driver.listPods()) await driver.removePod(podId)
    })

    afterAll(async () => {
      await driver.close()
      await setup.end()
    })

    function podRequest(overrides: Partial<PodRequest> = {}): PodRequest {
      const container = { image: setup.image, environment: { GREETING: 'hello', SHARED: 'container' }, user: '' }
      return {
        podId: `pod-${process.pid}-${++pods}`,
        taskId: 'task-1',
        executorId: 'executor-1',
        arch: '',
        containers: [{ ...container, privileged: false, entrypoint: '', volumes: [] }],
        registriesAuth: {},
        pull: 'missing',
        labels: { 'agola.io/run': 'repository/1' },
        ...(setup.opening && { opening: setup.opening }),
        ...overrides,
      }
    }

    const create = async (overrides: Partial<PodRequest> = {}): Promise<Pod> => {
      const pod = await driver.createPod(podRequest(overrides), { onMessage: () => undefined })
      created.push(pod)
      return pod
    }

    function program(pod: Pod, programName: ProgramName, overrides: Partial<ExecRequest> = {}): ExecRequest {
      const command = [...pod.toolbox('sh'), '-c', programs[programName].script]
      const request = { command, environment: {}, workingDir: '', user: '', tty: null, stdin: false }
      return { ...request, stdout: null, stderr: null, ...overrides }
    }

    async function run(pod: Pod, programName: ProgramName, overrides: Partial<ExecRequest> = {}) {
      const stdout = new PassThrough()
      const stderr = new PassThrough()
      const [out, err] = [buffer(stdout), buffer(stderr)]
      const exec = await pod.exec(program(pod, programName, { stdout, stderr, ...overrides }))
      const exitCode = await exec.wait()
      stdout.end()
      stderr.end()
      return { exitCode, stdout: (await out).toString('latin1'), stderr: (await err).toString('latin1') }
    }

    /** A stream that tells when a line was seen. */
    function lineWatch(line: string): { stream: Writable; seen: Promise<void> } {
      const { promise: seen, resolve } = Promise.withResolvers<void>()
      let read = ''
      const stream = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          read += chunk.toString()
          if (read.includes(line)) resolve()
          done()
        },
      })
      return { stream, seen }
    }

    test('says what it can do', async () => {
      const capabilities = await driver.capabilities()
      expect(capabilities.archs.length).toBeGreaterThan(0)
      expect(capabilities.description).not.toBe('')
    })

    test('hands on the exit code of a command', async () => {
      const pod = await create()
      expect(await run(pod, 'exitSeven')).toEqual({ exitCode: 7, stdout: '', stderr: '' })
      expect((await run(pod, 'succeed')).exitCode).toBe(0)
    })

    test('keeps standard output and standard error apart', async () => {
      const pod = await create()
      expect(await run(pod, 'twoStreams')).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' })
    })

    test('hands on bytes unchanged in both directions', async () => {
      const pod = await create()
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) & 255))
      const stdout = new PassThrough()
      const out = buffer(stdout)
      const exec = await pod.exec(program(pod, 'copyInput', { stdin: true, stdout }))
      exec.stdin?.end(bytes)
      expect(await exec.wait()).toBe(0)
      stdout.end()
      expect((await out).equals(bytes)).toBe(true)
    })

    test('goes on with the output after the end of the input', async () => {
      const pod = await create()
      const stdout = new PassThrough()
      const out = text(stdout)
      const exec = await pod.exec(program(pod, 'answerAfterInput', { stdin: true, stdout }))
      exec.stdin?.end('question')
      expect(await exec.wait()).toBe(0)
      stdout.end()
      expect(await out).toBe('8 bytes\n')
    })

    test('survives a command that ends without reading its input', async () => {
      const pod = await create()
      const exec = await pod.exec(program(pod, 'exitSeven', { stdin: true }))
      expect(await exec.wait()).toBe(7)
      const written = Promise.withResolvers<void>()
      exec.stdin?.write(Buffer.alloc(1 << 20), () => written.resolve())
      await written.promise
      exec.stdin?.end()
    })

    test('gives a command without an input an end of file at once', async () => {
      const pod = await create()
      expect(await run(pod, 'answerAfterInput')).toMatchObject({ exitCode: 0, stdout: '0 bytes\n' })
    })

    test("adds the command's environment to the container's, which it overrides", async () => {
      const pod = await create()
      const { stdout } = await run(pod, 'tellEnvironment', { environment: { SHARED: 'exec', OWN: 'a=b c' } })
      expect(stdout).toBe('hello exec a=b c 1\n')
    })

    test('runs a command where it is told to', async () => {
      const pod = await create()
      expect(await run(pod, 'tellDirectory', { workingDir: '/tmp' })).toMatchObject({ stdout: '/tmp\n' })
    })

    test('ends a command by TERM and tells the signal in the exit code', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'waitForever', { stdout: stream }))
      await seen
      await exec.kill('TERM')
      expect(await exec.wait()).toBe(143)
    })

    test('ends a command by KILL that heeds nothing else', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'ignoreTerm', { stdout: stream }))
      await seen
      await exec.kill('TERM')
      await exec.kill('KILL')
      expect(await exec.wait()).toBe(137)
    })

    test('lets a command that traps TERM clean up and choose its exit code', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const cleaned = lineWatch('cleaned')
      const exec = await pod.exec(program(pod, 'trapTerm', { stdout: stream, stderr: cleaned.stream }))
      await seen
      await exec.kill('TERM')
      expect(await exec.wait()).toBe(5)
      await cleaned.seen
    })

    test('accepts a signal for a command that has ended', async () => {
      const pod = await create()
      const exec = await pod.exec(program(pod, 'succeed'))
      expect(await exec.wait()).toBe(0)
      await exec.kill('TERM')
      await exec.kill('KILL')
      expect(await exec.wait()).toBe(0)
    })

    test('stops waiting when told to, while the command goes on', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'waitForever', { stdout: stream }))
      await seen
      const stop = new AbortController()
      const waited = exec.wait({ signal: stop.signal }).catch((error: unknown) => error)
      stop.abort(new Error('enough'))
      expect(await waited).toMatchObject({ message: 'enough' })
      await exec.kill('KILL')
      expect(await exec.wait()).toBe(137)
    })

    test('waits for a slow reader and loses nothing', async () => {
      const pod = await create()
      let readBytes = 0
      let mostWaitingBytes = 0
      const slow = new Writable({
        highWaterMark: 16 << 10,
        write: (chunk: Buffer, _encoding, done) => {
          readBytes += chunk.length
          mostWaitingBytes = Math.max(mostWaitingBytes, slow.writableLength)
          setImmediate(done)
        },
      })
      const exec = await pod.exec(program(pod, 'writeFourMegabytes', { stdout: slow }))
      expect(await exec.wait()).toBe(0)
      expect(readBytes).toBe(4 << 20)
      expect(mostWaitingBytes).toBeLessThan(1 << 20)
    })

    test('throws the output away that nobody wants', async () => {
      const pod = await create()
      const exec = await pod.exec(program(pod, 'writeFourMegabytes'))
      expect(await exec.wait()).toBe(0)
    })

    test('keeps commands at the same time apart', async () => {
      const pod = await create()
      const numbers = [1, 2, 3, 4, 5]
      const results = await Promise.all(
        numbers.map((number) => run(pod, 'tellEnvironment', { environment: { OWN: String(number) } })),
      )
      expect(results.map(({ stdout }) => stdout)).toEqual(numbers.map((number) => `hello container ${number} 1\n`))
    })

    test('stopping a pod ends it and its commands', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'waitForever', { stdout: stream }))
      await seen
      const waited = exec.wait().catch((error: unknown) => error)
      await pod.stop(1000)
      expect((await pod.ended).reason).toBe('exited')
      expect(hasCode(await waited, 'podDoesNotExist')).toBe(true)
      const late = await pod.exec(program(pod, 'succeed')).catch((error: unknown) => error)
      expect(hasCode(late, 'podDoesNotExist')).toBe(true)
    })

    test('removing a pod ends it and its commands', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'waitForever', { stdout: stream }))
      await seen
      const waited = exec.wait().catch((error: unknown) => error)
      await pod.remove()
      expect((await pod.ended).reason).toBe('removed')
      expect(hasCode(await waited, 'podDoesNotExist')).toBe(true)
      expect(await driver.listPods()).toEqual([])
    })

    test('removes a pod twice, an unknown one, and lets its id be used again', async () => {
      const request = podRequest()
      const pod = await driver.createPod(request, { onMessage: () => undefined })
      await pod.remove()
      await driver.removePod(request.podId)
      await driver.removePod('no-such-pod')
      const again = await driver.createPod(request, { onMessage: () => undefined })
      expect((await run(again, 'succeed')).exitCode).toBe(0)
    })

    test('removes a pod at the same time from two sides', async () => {
      const pod = await create()
      const sibling = setup.driver()
      await Promise.all([pod.remove(), sibling.removePod(pod.id)])
      expect(await sibling.listPods()).toEqual([])
      await sibling.close()
    })

    test('lists the pods of its group with their owner, task and labels, and no others', async () => {
      const pod = await create({ executorId: 'executor-2', taskId: 'task-9' })
      const sibling = setup.driver()
      const foreign = setup.driver('foreign')
      const listed = await sibling.listPods()
      expect(listed).toMatchObject([{ podId: pod.id, executorId: 'executor-2', taskId: 'task-9', keepUntil: null }])
      expect(listed[0]?.labels['agola.io/run']).toBe('repository/1')
      expect(await foreign.listPods()).toEqual([])
      await sibling.close()
      await foreign.close()
    })

    test('a pod that is to be kept says until when', async () => {
      const keepUntil = Math.floor(Date.now() / 1000) * 1000 + 600_000
      const pod = await create({ keepUntil })
      expect(await driver.listPods()).toMatchObject([{ podId: pod.id, keepUntil }])
      expect((await run(pod, 'succeed')).exitCode).toBe(0)
    })

    test('leaves nothing when the creation was aborted before it began', async () => {
      const options = { onMessage: () => undefined, signal: AbortSignal.abort(new Error('stopped')) }
      await expect(driver.createPod(podRequest(), options)).rejects.toThrow('stopped')
      expect(await driver.listPods()).toEqual([])
    })

    test('a terminal merges the output and types ^C for INT', async () => {
      if (!setup.hasTerminals) return expect((await driver.capabilities()).description).toContain('no terminals')
      const pod = await create()
      const stdout = new PassThrough()
      const { stream, seen } = lineWatch('ready')
      const out = text(stdout)
      stdout.pipe(stream)
      const exec = await pod.exec(program(pod, 'terminal', { tty: { columns: 100, rows: 30 }, stdin: true, stdout }))
      await seen
      await exec.resize({ columns: 90, rows: 20 })
      await exec.kill('INT')
      expect(await exec.wait()).toBe(6)
      stdout.end()
      const seenText = await out
      expect(seenText).toContain('out\r\n')
      expect(seenText).toContain('err\r\n')
      expect(seenText).toContain('interrupted')
    })

    test('a terminal has its size before its command begins', async () => {
      if (!setup.hasTerminals || kind === 'scripted programs') return
      const pod = await create()
      const command = [...pod.toolbox('stty'), 'size']
      const sizes = new Set<string>()
      for (let attempt = 0; attempt < 10; attempt++) {
        const { stdout } = await run(pod, 'succeed', { command, tty: { columns: 93, rows: 27 } })
        sizes.add(stdout.trim())
      }
      expect([...sizes]).toEqual(['27 93'])
    })

    test('has tools for files and archives in every pod', async () => {
      const pod = await create()
      expect(
        await run(pod, 'useTools', {
          command: [...pod.toolbox('sh'), '-c', programs.useTools.script, 'sh', ...pod.toolbox('tar')],
        }),
      ).toMatchObject({
        exitCode: 0,
        stdout: 'folder/\nfolder/file\n',
      })
    })

    test('KILL reaches what a command started in a session of its own', async () => {
      const pod = await create()
      const { stream, seen } = lineWatch('ready')
      const exec = await pod.exec(program(pod, 'startSession', { stdout: stream }))
      await seen
      await exec.kill('KILL')
      expect(await exec.wait()).toBe(137)
      expect(await run(pod, 'findSession')).toMatchObject({ stdout: 'none\n' })
    })

    test('hands a command on that opens its output by name', async () => {
      const pod = await create()
      expect(await run(pod, 'openByName')).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' })
    })

    if (kind === 'scripted programs') return

    test('says that a program does not exist, with exit code 127', async () => {
      const pod = await create()
      const missing = await run(pod, 'succeed', { command: ['no-such-program', 'x'] })
      expect(missing.exitCode).toBe(127)
      expect(missing.stderr).toContain('no-such-program')
      const folder = await run(pod, 'succeed', { command: ['/tmp'] })
      expect(folder.exitCode).toBe(126)
    })

    test('says that a working directory does not exist, with exit code 126', async () => {
      const pod = await create()
      const result = await run(pod, 'succeed', { workingDir: '/no/such/folder' })
      expect(result.exitCode).toBe(126)
      expect(result.stderr).toContain('/no/such/folder')
    })
  })
}
