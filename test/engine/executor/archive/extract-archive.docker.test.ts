import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { extractArchive } from '../../../../src/engine/executor/archive/extract-archive.ts'
import { LogFile } from '../../../../src/engine/executor/log-file.ts'
import { LogMask } from '../../../../src/engine/executor/log-mask.ts'
import { OutputCollector, ReadyPod } from '../../../../src/engine/executor/ready-pod.ts'
import { toolboxScript } from '../../../../src/engine/executor/toolbox.ts'
import type { Pod } from '../../../../src/engine/ports/pod-driver.ts'
import type { DriverUnderTest } from '../../../contract/pod-driver.ts'
import { startEngineSetup } from '../../../contract/pod-driver-engine.ts'
import { anExecutorTask } from '../../../support/an-executor-task.ts'
import { dockerEngine } from '../../../support/docker-engine.ts'

type EntryHeader = Parameters<ReturnType<typeof pack>['entry']>[0]

let setup: DriverUnderTest
let dir: string
let pod: Pod
let ready: ReadyPod
let log: LogFile

beforeAll(async () => {
  setup = await startEngineSetup(await dockerEngine())
  dir = await mkdtemp(join(tmpdir(), 'agola-extract-'))
  const containers = [{ image: setup.image, environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }]
  const ids = { podId: randomUUID(), taskId: 'task', executorId: 'executor' }
  pod = await setup
    .driver()
    .createPod(
      { ...ids, arch: '', containers, registriesAuth: {}, pull: 'never', labels: {} },
      { onMessage: () => undefined },
    )
  const facts = { workingDir: '/work', home: '/root', hasGit: false }
  ready = new ReadyPod(pod, anExecutorTask({ spec: { containers } }).spec, facts)
  log = await LogFile.create(join(dir, 'log'), new LogMask([]))
})

afterAll(async () => {
  await log?.close()
  await pod?.remove()
  await setup?.end()
  await rm(dir, { recursive: true, force: true })
})

const { signal } = new AbortController()

async function inPod(script: string): Promise<string> {
  const stdout = new OutputCollector()
  await ready.run({ command: toolboxScript(pod, script), stdout, stderr: stdout }, signal)
  return stdout.text
}

async function tarOf(entries: [EntryHeader, string?][]): Promise<string> {
  const tar = pack()
  for (const [header, content = ''] of entries) {
    if (content === '') tar.entry(header)
    else tar.entry(header, content)
  }
  tar.finalize()
  const file = join(dir, `${randomUUID()}.tar`)
  await writeFile(file, await buffer(tar))
  return file
}

const extract = (file: string, destination: string) => extractArchive({ pod: ready, log, signal, file, destination })

/** Every file outside the kernel's own, with what a change would alter. */
const world = `find / -xdev ! -path '/proc*' ! -path '/sys*' ! -path '/dev*' ! -path /work | sort | while read -r f; do stat -c '%n %F %a %s %Y' "$f"; done`

test.each<[attack: string, entries: [EntryHeader, string?][], prepare?: string]>([
  ['an absolute name', [[{ name: '/etc/evil' }, 'x']]],
  ['dots in a name', [[{ name: '../evil' }, 'x']]],
  ['dots behind a name', [[{ name: 'a/../../evil' }, 'x']]],
  ['a link out of the destination', [[{ name: 'l', type: 'symlink', linkname: '/etc' }]]],
  ['a file through its own link', [[{ name: 'l', type: 'symlink', linkname: '.' }], [{ name: 'l/x' }, 'x']]],
  [
    'a file through a link with dots',
    [[{ name: 'l', type: 'symlink', linkname: '../etc' }], [{ name: 'l/evil' }, 'x']],
  ],
  ['a hard link to a file outside', [[{ name: 'h', type: 'link', linkname: '/etc/passwd' }], [{ name: 'h' }, 'x']]],
  ['a device', [[{ name: 'd', type: 'character-device', devmajor: 1, devminor: 1 }]]],
  ['a fifo', [[{ name: 'f', type: 'fifo' }]]],
  [
    'a name twice',
    [
      [{ name: 'a' }, 'x'],
      [{ name: 'a' }, 'y'],
    ],
  ],
  ['a link that was in the container before', [[{ name: 'old/evil' }, 'x']], 'ln -s /etc /work/old'],
  ['a deep link that was there before', [[{ name: 'a/old/evil/x' }, 'x']], 'mkdir /work/a; ln -s /etc /work/a/old'],
  ['a link over a file', [[{ name: 'old' }, 'x']], 'ln -s /etc/passwd /work/old'],
  ['a destination that is a link', [[{ name: 'passwd' }, 'x']], 'rmdir /work; ln -s /etc /work'],
])('%s is refused and changes nothing', async (_, entries, prepare = 'true') => {
  await inPod(`rm -rf /work; mkdir /work; ${prepare}`)
  const before = await inPod(world)
  await expect(extract(await tarOf(entries), '/work')).rejects.toMatchObject({ code: 'archiveInvalid' })
  expect(await inPod(world)).toBe(before)
  expect(before).toContain('/etc/passwd')
})

test('an archive that is cut off is refused before anything is written', async () => {
  await inPod('rm -rf /work; mkdir /work')
  const tar = pack()
  tar.entry({ name: 'a' }, 'x'.repeat(100_000))
  tar.finalize()
  const file = join(dir, 'cut.tar')
  await writeFile(file, (await buffer(tar)).subarray(0, 50_000))
  await expect(extract(file, '/work')).rejects.toThrow('cut off')
  expect(await inPod('ls -A /work')).toBe('')
})

test('names with spaces, line ends, quotes and dashes are compared exactly with what is there', async () => {
  await inPod(`rm -rf /work; mkdir /work; cd /work; touch -- "a
b" '-n' "q'\\"" '$HOME'`)
  for (const name of ['a\nb', '-n', `q'"`, '$HOME']) {
    await expect(extract(await tarOf([[{ name }, 'x']]), '/work')).rejects.toThrow('exists already')
  }
  expect(
    await extract(
      await tarOf([
        [{ name: 'a' }, 'x'],
        [{ name: 'HOME' }, 'y'],
      ]),
      '/work',
    ),
  ).toBe(2)
})

test('ten thousand names are checked in one go, and the one that clashes is named', async () => {
  await inPod('rm -rf /work; mkdir -p /work/d7; touch /work/d7/f77')
  const entries = Array.from({ length: 10_000 }, (_, index): [{ name: string }, string] => [
    { name: `d${index % 10}/f${Math.floor(index / 10)}` },
    'x',
  ])
  await expect(extract(await tarOf(entries), '/work')).rejects.toThrow('"d7/f77" exists already')
  await inPod('rm /work/d7/f77')
  expect(await extract(await tarOf(entries), '/work')).toBe(10_000)
  expect((await inPod('find /work -type f | wc -l')).trim()).toBe('10000')
})
