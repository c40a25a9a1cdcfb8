import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExecutorStep } from '../../../../src/engine/model/executor-task.ts'
import type { ArchiveContent } from '../../../../src/engine/model/run-config.ts'
import { runStep } from '../../../support/an-executor-task.ts'
import type { StepWorld } from './step-world.ts'

const tree = `mkdir -p bin lib/.deep/x; echo main >bin/main; echo a >lib/a; echo z >lib/.deep/x/z; chmod 0750 bin/main
ln -s a lib/link; ln -s ../../bin/main lib/.deep/up; touch -d '2001-09-09 01:46:40' bin/main lib`

const save = (...contents: Partial<ArchiveContent>[]): ExecutorStep => ({
  type: 'save_to_workspace',
  name: 'save',
  contents: contents.map((content) => ({ sourceDir: '.', destDir: '', paths: ['**'], ...content })),
})
const restore = (destDir = ''): ExecutorStep => ({ type: 'restore_workspace', name: 'restore', destDir })

async function namesOf(content: Buffer): Promise<string[]> {
  const names: string[] = []
  const reader = extract()
  reader.on('entry', ({ name, type, linkname }, stream, next) => {
    names.push(type === 'symlink' ? `${name} -> ${linkname}` : name)
    stream.on('end', next).resume()
  })
  reader.end(content)
  await finished(reader)
  return names.sort()
}

/** What every driver has to give the steps: the same results from the same tasks, with real shells, tars and files. */
export function stepsSuite(name: string, make: () => Promise<StepWorld>, end: () => Promise<void>): void {
  describe(name, () => {
    let world: StepWorld
    beforeAll(async () => {
      world = await make()
    })
    afterAll(async () => {
      await world?.end()
      await end()
    })

    const saved = async (taskId: string, step: number) =>
      namesOf(await buffer((await world.executor.openArchive(taskId, step)).stream()))

    /** Saves in one task, and gives what the next one can restore. */
    async function workspace(command: string, step: ExecutorStep, as = 'parent') {
      const id = await world.submit([runStep(command), step])
      const { status, logs } = await world.outcome(id)
      expect(status.phase, logs.join('\n')).toBe('success')
      return { names: await saved(id, 1), operation: await world.keepArchive(id, 1, as) }
    }

    test('a script runs in the working directory with its shell, and its exit code is kept', async () => {
      const { status, logs } = await world.run([
        runStep('pwd; echo "$0" | sed "s/.*agola-step-.*/script/"; echo $-; cat; echo out; echo err >&2'),
        runStep('set -e\nfalse\necho not reached'),
      ])
      expect(logs[0]).toMatch(/\/project\nscript\n\w*e\w*\nout\nerr\n$/)
      expect(logs[1]).toBe('')
      expect(status.steps.map((step) => step.exitStatus)).toEqual([0, 1])
    })

    test('exit codes above 100 and deaths by a signal arrive', async () => {
      for (const [command, exitStatus] of [
        ['exit 123', 123],
        ['kill -TERM $$', 143],
        ['exit 255', 255],
      ] as const) {
        expect((await world.run([runStep(command)])).status.steps[0]).toMatchObject({ phase: 'failed', exitStatus })
      }
    })

    test('the script is private, gone after the step, and no variable of the step was changed on the way', async () => {
      const environment = { name: 'n', dir: 'd', file: 'f', code: 'c', parts: 'p', path: 'x', TMPDIR: '/tmp' }
      const { logs } = await world.run([
        runStep('echo "$0" >script; echo $name $dir $file $code $parts $path; stat -c %a "$0"; umask', { environment }),
        runStep('[ -e "$(cat script)" ] || echo gone'),
      ])
      expect(logs).toEqual(['n d f c p x\n600\n0022\n', 'gone\n'])
    })

    test('variables whose names no shell could write reach the shell of the step, and nothing else does with them', async () => {
      const odd = { 'my.var': 'a\nb\'c"$d', 'my-var': 'task', '-u': 'PATH', '1': 'one' }
      const container = { image: world.image, environment: { 'of.container': 'c', 'my-var': 'container' } }
      const task = { environment: odd, shell: 'cat /proc/self/environ' }
      const containers = [{ ...container, user: '', privileged: false, entrypoint: '', volumes: [] }]
      const own = { environment: { 'my.step': 's' } }
      const { logs } = await world.run([runStep('#', own), runStep('#')], { ...task, containers })
      for (const [index, log] of logs.entries()) {
        const variables = log.split('\0')
        const expected = ['my.var=a\nb\'c"$d', 'my-var=task', '-u=PATH', '1=one', 'of.container=c']
        expect(variables).toEqual(expect.arrayContaining(expected))
        expect(variables.includes('my.step=s')).toBe(index === 0)
        expect(variables.filter((variable) => variable.startsWith('_agola_'))).toEqual([])
        expect(variables.filter((variable) => variable.startsWith('my-var='))).toHaveLength(1)
      }
    })

    test('a script of a megabyte runs, wherever its step has temporary files', async () => {
      const command = `${'# a comment that is long enough\n'.repeat(32_000)}echo ran`
      const environment = { TMPDIR: `${world.dataDir}/of-step` }
      const steps = [runStep(command), runStep(`mkdir -p ${environment.TMPDIR}`), runStep(command, { environment })]
      expect((await world.run(steps)).logs).toEqual(['ran\n', '', 'ran\n'])
    })

    test('a missing working directory and a missing shell are said clearly', async () => {
      const { logs, status } = await world.run([runStep('true', { workingDir: '/does/not/exist' })])
      expect(logs[0]).toContain('the working directory "/does/not/exist" does not exist')
      expect(status.steps[0]).toMatchObject({ phase: 'failed', exitStatus: 1 })
      for (const shell of ['/no/such/shell -e', 'nosuchshell']) {
        const other = await world.run([runStep('true', { shell })])
        expect(other.logs[0]).toContain(`the shell "${shell.split(' ')[0]}" does not exist in this image`)
        expect(other.status.steps[0]?.exitStatus).toBe(127)
      }
    })

    test('a step finds its shell in PATH, expands ~ and starts relative directories in that of the task', async () => {
      const { logs } = await world.run([
        runStep('mkdir -p sub ~/other', { shell: 'sh -e' }),
        runStep('basename "$PWD"', { workingDir: 'sub' }),
        runStep('[ "$PWD" = "$HOME/other" ] && echo home', { workingDir: '~/other' }),
        runStep('[ "$PWD" = "$HOME" ] && echo own home', { workingDir: '~', environment: { HOME: '/tmp' } }),
      ])
      expect(logs).toEqual(['', 'sub\n', 'home\n', 'own home\n'])
    })

    test('binary output and one line of 13 MB arrive whole', async () => {
      const { logs } = await world.run([
        runStep('dd if=/dev/zero bs=65536 count=200 2>/dev/null | tr "\\0" x'),
        runStep('printf "\\000\\001\\377\\n"'),
      ])
      expect(logs[0]).toHaveLength(65_536 * 200)
      const log = await world.executor.openLog({
        taskId: [...new Set(world.runService.reports)].at(-1)?.taskId ?? '',
        step: 1,
      })
      expect([...(await buffer(log.stream()))]).toEqual([0, 1, 255, 10])
    })

    test('a stopped step can say its last words', async () => {
      const step = runStep('trap "echo bye; exit 3" INT; echo ready; while :; do sleep 0.1; done')
      const task = world.task([step])
      await world.executor.submit(task)
      await world.runService.status(task.id, (status) => status.steps[0]?.phase === 'running')
      const log = await world.executor.openLog({ taskId: task.id, step: 0 }, { follow: true })
      let seen = ''
      for await (const chunk of log.stream()) {
        seen += String(chunk)
        if (seen === 'ready\n') await world.executor.submit({ ...task, stop: true })
      }
      expect(seen).toBe('ready\nbye\n')
      expect((await world.outcome(task.id)).status).toMatchObject({
        phase: 'stopped',
        steps: [{ phase: 'stopped', exitStatus: 3 }],
      })
    })

    test('a workspace keeps names, modes, times and links', async () => {
      const { names, operation } = await workspace(tree, save({}))
      expect(names).toEqual(
        [
          'bin/',
          'bin/main',
          'lib/',
          'lib/.deep/',
          'lib/.deep/up -> ../../bin/main',
          'lib/.deep/x/',
          'lib/.deep/x/z',
        ].concat(['lib/a', 'lib/link -> a']),
      )
      const show =
        'stat -c "%n %a" bin bin/main lib/a; stat -c "%n %Y" bin/main lib; cat lib/link lib/.deep/up lib/.deep/x/z'
      const { logs, status } = await world.run([restore(), runStep(show)], { workspaceOperations: [operation] })
      expect(status.phase, logs.join('\n')).toBe('success')
      expect(logs[1]).toBe('bin 755\nbin/main 750\nlib/a 644\nbin/main 1000000000\nlib 1000000000\na\nmain\nz\n')
    })

    test('only what the patterns match is saved, under its new name', async () => {
      const { names } = await workspace(
        `${tree}; echo 1 >skip; ln -s bin linked`,
        save(
          { paths: ['bin/*', 'lib/**/z', 'linked/main', 'nothing/**', './skip'], destDir: '/out' },
          { sourceDir: 'lib', paths: ['a'], destDir: 'renamed/here' },
          { paths: [] },
        ),
      )
      expect(names).toEqual(['out/bin/main', 'out/lib/.deep/x/z', 'renamed/here/a'])
    })

    test('hard links are saved as files of their own', async () => {
      const links = 'mkdir d e; echo content >d/1; ln d/1 d/2; ln d/1 e/3; ln d/1 e/4; echo other >d/5; ln d/5 e/6'
      const { operation, names } = await workspace(links, save({ paths: ['e/*', 'd/5'] }))
      expect(names).toEqual(['d/5', 'e/3', 'e/4', 'e/6'])
      const { logs } = await world.run([restore(), runStep('cat e/3 e/4 e/6 d/5; stat -c %h e/3')], {
        workspaceOperations: [operation],
      })
      expect(logs[1]).toBe('content\ncontent\nother\nother\n1\n')
    })

    test('a hard link keeps its content where another directory has a file of the same name', async () => {
      const links = 'mkdir -p a/z b; echo from a >a/x; echo from b >b/x; ln b/x b/y; echo other >b/z; ln b/z b/zz'
      const ofA = { sourceDir: 'a', paths: ['x', 'z'] }
      const { operation } = await workspace(links, save(ofA, { sourceDir: 'b', paths: ['y*', 'zz'] }))
      const others = await workspace(links, save(ofA, { sourceDir: 'b', destDir: 'b' }), 'others')
      const { logs } = await world.run(
        [restore('1'), runStep('cat 1/x 1/y 1/zz'), runStep('cat 1/b/x 1/b/y 1/b/z 1/b/zz')],
        { workspaceOperations: [operation] },
      )
      expect(logs[1]).toBe('from a\nfrom b\nother\n')
      const again = await world.run([restore(), runStep('cat x b/x b/y b/z b/zz')], {
        workspaceOperations: [others.operation],
      })
      expect(again.logs[1]).toBe('from a\nfrom b\nfrom b\nother\nother\n')
    })

    test('what no pattern matches is not read', async () => {
      const make = `mkdir -p sub/closed far/below; for f in a.txt sub/b.txt far/below/c.txt secret.bin sub/secret; do echo $f >$f; done
chmod 000 secret.bin sub/secret sub/closed`
      const id = await world.submit(
        [runStep(make), save({ paths: ['*.txt', 'sub/*.txt', 'far/**/c.txt'] }), save({ paths: ['a.txt', 'far'] })],
        { user: '1000', workingDir: `${world.dataDir}/unread` },
      )
      const { status, logs } = await world.outcome(id)
      expect(status.phase, logs.join('\n')).toBe('success')
      expect(await saved(id, 1)).toEqual(['a.txt', 'far/below/c.txt', 'sub/b.txt'])
      expect(await saved(id, 2)).toEqual(['a.txt', 'far/'])
    })

    test('names fill several command lines', async () => {
      const make = 'n=$(printf %0200d 0); i=0; while [ $i -lt 1500 ]; do echo >"a $n $i"; i=$((i+1)); done; echo >skip'
      const { names } = await workspace(make, save({ paths: ['a*'] }))
      expect(names).toHaveLength(1500)
    })

    test.each([[['**', '?']], [['*', 'l*/*']]])(
      'names that are long, strange or no UTF-8 survive (%j)',
      async (paths) => {
        const long = `${'l'.repeat(120)}/${'m'.repeat(200)}`
        const make = `mkdir ${'l'.repeat(120)}; echo long >${long}; echo n >"$(printf 'new\\nline')"; echo o >"$(printf 'odd\\377')"
echo s >'-x $HOME "q"'; echo u >ünï☺; ln -s ${'l'.repeat(120)} link`
        const { operation } = await workspace(make, save({ paths }))
        const show = `cat ${long} "$(printf 'new\\nline')" "$(printf 'odd\\377')" './-x $HOME "q"' ünï☺ link/*`
        const { logs, status } = await world.run([restore(), runStep(show)], { workspaceOperations: [operation] })
        expect(status.phase, logs.join('\n')).toBe('success')
        expect(logs[1]).toBe('long\nn\no\ns\nu\nlong\n')
      },
    )

    test('a link that leads out is saved with a warning, and refused by the restore unless it is inside there', async () => {
      const { operation } = await workspace('ln -s /agola-none/tool tool', save({}))
      const { logs, status } = await world.run([restore()], { workspaceOperations: [operation] })
      expect(logs[0]).toContain('"tool": it is a link to "/agola-none/tool", outside the destination')
      expect(status).toMatchObject({ phase: 'failed', failError: '' })
      const saving = await world.run([runStep('ln -s /agola-none/tool tool'), save({})])
      expect(saving.logs[1]).toContain('warning: the link tool leads to /agola-none/tool')
    })

    test('what is no file, directory or link is left out with a word', async () => {
      const id = await world.submit([runStep('mkfifo pipe; echo a >a'), save({})])
      const { logs } = await world.outcome(id)
      expect(await saved(id, 1)).toEqual(['a'])
      expect(logs[1]).toContain('left out pipe')
    })

    test.each<[problem: string, step: ExecutorStep, message: string]>([
      ['the same name twice', save({}, { paths: ['lib/a'] }), '"lib/a" would be in the archive twice'],
      ['a source that does not exist', save({ sourceDir: 'nowhere' }), 'nowhere'],
      ['a source that is a file', save({ sourceDir: 'lib/a' }), 'lib/a'],
      ['an empty source', save({ sourceDir: '' }), 'source_dir is empty'],
      ['a malformed pattern', save({ paths: ['lib/['] }), 'pattern "lib/["'],
      ['a destination outside', save({ destDir: 'x/../../y' }), 'leads out of the archive'],
    ])('saving fails on %s, and leaves no archive', async (_, step, message) => {
      const id = await world.submit([runStep(tree), step])
      const { status, logs } = await world.outcome(id)
      expect(status).toMatchObject({ phase: 'failed', failError: '' })
      expect(status.steps[1]).toMatchObject({ phase: 'failed', exitStatus: 1 })
      expect(logs[1]).toContain(message)
      await expect(world.executor.openArchive(id, 1)).rejects.toMatchObject({ code: 'archiveDoesNotExist' })
    })

    test('nothing to save is an empty archive, which can be restored', async () => {
      const { operation, names } = await workspace('true', save({ paths: ['nothing'] }, { paths: [] }))
      expect(names).toEqual([])
      expect((await world.run([restore()], { workspaceOperations: [operation] })).status.phase).toBe('success')
      expect((await world.run([restore()])).logs[0]).toBe('there is nothing to restore\n')
    })

    test('several workspaces merge in existing directories; an ancestor without an archive is no failure', async () => {
      const one = await workspace('mkdir -p d/e; echo 1 >d/one', save({}), 'one')
      const two = await workspace('mkdir -p d/e; echo 2 >d/e/two', save({}), 'two')
      const operations = [one.operation, { taskId: 'none', taskName: 'other', step: 5 }, two.operation]
      const { logs, status } = await world.run(
        [runStep('mkdir -m 0711 -p sub/d'), restore('sub'), runStep('cat sub/d/one sub/d/e/two; stat -c %a sub/d')],
        { workspaceOperations: operations },
      )
      expect(status.phase, logs.join('\n')).toBe('success')
      expect(logs[1]).toContain('skipped step 5 of task "other"')
      expect(logs[2]).toBe('1\n2\n711\n')
    })

    test.each([
      ['a file', 'echo old >lib-a; mkdir lib; mv lib-a lib/a', '"lib/a" exists already'],
      ['a link', 'mkdir lib; ln -s nowhere lib/a', '"lib/a" exists already'],
      ['a directory for a file', 'mkdir -p lib/a', '"lib/a" exists already'],
      ['a file for a directory', 'echo old >lib', '"lib" exists already'],
      ['a link for a directory', 'mkdir real; ln -s real lib', '"lib" in .* is a symbolic link'],
    ])('restoring over %s fails, names it and changes nothing', async (_, prepare, message) => {
      const { operation } = await workspace(tree, save({ paths: ['bin/**', 'lib/**'] }))
      const find = runStep('ls -R . >/tmp/agola-after; cat /tmp/agola-after')
      const { logs, status } = await world.run([runStep(prepare), restore(), find], {
        workspaceOperations: [operation],
      })
      expect(status.steps[1]).toMatchObject({ phase: 'failed', exitStatus: 1 })
      expect(logs[1]).toMatch(new RegExp(message))
    })

    test('a cache is saved once, found by its key or its beginning, and merged like a workspace', async () => {
      const contents = [{ sourceDir: 'deps', destDir: 'deps', paths: [] }]
      const saveCache = (key: string): ExecutorStep => ({ type: 'save_cache', name: '', key, contents })
      const restoreCache = (...keys: string[]): ExecutorStep => ({ type: 'restore_cache', name: '', keys, destDir: '' })
      const key = 'c-{{ md5sum "lock" }}-{{ env "BRANCH" }}'
      const first = await world.run(
        [
          runStep('mkdir deps; echo 1 >deps/d; echo l >lock'),
          saveCache(key),
          saveCache(key),
          restoreCache('other', 'c-'),
        ],
        { environment: { BRANCH: 'a/b' } },
      )
      expect(first.logs[1], first.logs.join('\n')).toContain(
        'saved cache "c-2d9175d0b1d0f5d1c1b8e2e0b8bfaa8e'.slice(0, 14),
      )
      expect([...world.runService.caches.keys()]).toEqual([expect.stringMatching(/^prefix-c-[0-9a-f]{32}-a\/b$/)])
      expect(first.logs[2]).toContain('exists already')
      expect(first.logs[3]).toContain('"deps/d" exists already')
      const second = await world.run([restoreCache('other', 'c-'), runStep('cat deps/d'), restoreCache('none')])
      expect(second.status.phase, second.logs.join('\n')).toBe('success')
      expect(second.logs[0]).toMatch(/no cache for "other"\nrestored 1 entry of cache "c-", found by its beginning/)
      expect(second.logs[1]).toBe('1\n')
      expect(second.logs[2]).toContain('no cache was found')
      const entry = expect.stringMatching(/^c-[0-9a-f]{32}-a\/b$/)
      const sizeBytes = expect.any(Number)
      expect(first.status.steps[1]?.cache).toEqual([{ template: key, key: entry, answer: 'saved', entry, sizeBytes }])
      expect(first.status.steps[2]?.cache).toMatchObject([{ answer: 'existed', entry }])
      expect(first.status.steps[0]).not.toHaveProperty('cache')
      expect(second.status.steps[0]?.cache).toEqual([
        { template: 'other', key: 'other', answer: 'missing', entry: null, sizeBytes: null },
        { template: 'c-', key: 'c-', answer: 'prefix', entry, sizeBytes },
      ])
    })

    test('what a restore would refuse is never a cache, and the step goes on', async () => {
      const saveCache = (key: string, sourceDir: string): ExecutorStep => ({
        ...{ type: 'save_cache', name: '', key },
        contents: [{ sourceDir, destDir: '', paths: [] }],
      })
      const restoreCache: ExecutorStep = { type: 'restore_cache', name: '', keys: ['links-'], destDir: 'venv' }
      const make = 'mkdir -p venv/bin; echo l >venv/l; ln -s /agola-none/python venv/bin/python'
      for (let round = 0; round < 2; round++) {
        const { status, logs } = await world.run([restoreCache, runStep(make), saveCache('links-1', 'venv')])
        expect(status.phase, logs.join('\n')).toBe('success')
        expect(logs[2]).toMatch(
          /nothing was saved as cache "links-1": .*bin\/python \(leads to \/agola-none\/python\).*write paths .*make it relative/,
        )
        expect(status.steps[2]?.cache).toMatchObject([{ key: 'links-1', answer: 'refused', entry: null }])
      }
      const relative = 'mkdir -p venv/bin; ln -s ../../l venv/bin/up'
      expect((await world.run([runStep(relative), saveCache('links-2', 'venv')])).logs[1]).toContain('bin/up')
      const fold = 'mkdir -p fold/d; echo >fold/d/f; ln -s d fold/D'
      expect((await world.run([runStep(fold), saveCache('links-3', 'fold')])).logs[1]).toContain('nothing was saved')
      expect([...world.runService.caches.keys()].filter((key) => key.includes('links-'))).toEqual([])
    })

    test('a cache has links within the place that it is saved from', async () => {
      const sourceDir = '/tmp/agola-links-inside'
      const contents = [{ sourceDir, destDir: '', paths: [] }]
      const save: ExecutorStep = { type: 'save_cache', name: '', key: 'inside-1', contents }
      const restore: ExecutorStep = { type: 'restore_cache', name: '', keys: ['inside-1'], destDir: sourceDir }
      const make = `mkdir -p ${sourceDir}/v1; echo v >${sourceDir}/v1/f; ln -s ${sourceDir}/v1 ${sourceDir}/now`
      const remove = runStep(`rm -r ${sourceDir}`)
      const { status, logs } = await world.run([
        ...[runStep(make), save, remove, restore],
        ...[runStep(`cat ${sourceDir}/now/f`), remove],
      ])
      expect(status.phase, logs.join('\n')).toBe('success')
      expect(logs[4]).toBe('v\n')
    })

    test('a workspace that no restore would take fails its save, and leaves no archive', async () => {
      const id = await world.submit([runStep('mkdir d; ln -s ../outside d/link'), save({ sourceDir: 'd' })])
      const { status, logs } = await world.outcome(id)
      expect(status.steps[1]).toMatchObject({ phase: 'failed', exitStatus: 1 })
      expect(logs[1]).toMatch(/nothing was saved: .*the link link \(leads to \.\.\/outside\)/)
      await expect(world.executor.openArchive(id, 1)).rejects.toMatchObject({ code: 'archiveDoesNotExist' })
    })

    test('a secret in a cache key is masked where the key is kept', async () => {
      const key = 'k-{{ env "TOKEN" }}'
      const step: ExecutorStep = { type: 'restore_cache', name: '', keys: [key], destDir: '' }
      const spec = { environment: { TOKEN: 'hush-hush' }, secretValues: ['hush-hush'] }
      const { status } = await world.run([step], spec)
      expect(status.steps[0]?.cache).toMatchObject([{ template: key, key: 'k-***', answer: 'missing' }])
    })

    test('a variable that nobody sets is empty in a key, whatever it is called', async () => {
      const key = 'n{{ env "toString" }}{{ env "constructor" }}{{ env "__proto__" }}{{ env "hasOwnProperty" }}'
      const step: ExecutorStep = { type: 'restore_cache', name: '', keys: [key], destDir: '' }
      const { logs } = await world.run([step], { environment: { hasOwnProperty: 'own' } })
      expect(logs[0]).toContain('no cache for "nown"\n')
    })

    test('a key with a mistake fails its step with the place', async () => {
      const keys = ['{{ md5sum "missing" }}', '{{ nope }}', `${'k'.repeat(200)}`, '{{ sha256sum "large" }}']
      for (const [index, message] of ['there is no file', 'column 4', 'too long', 'has 2000000 bytes'].entries()) {
        const step: ExecutorStep = { type: 'restore_cache', name: '', keys: [keys[index] ?? ''], destDir: '' }
        const { logs, status } = await world.run([
          runStep('dd if=/dev/zero of=large bs=1000000 count=2 2>/dev/null'),
          step,
        ])
        expect(logs[1]).toContain(message)
        expect(status.steps[1]).toMatchObject({ phase: 'failed', exitStatus: 1 })
      }
    })

    test('a clone step copies the source into the empty working directory', async () => {
      const source = pack()
      source.entry({ name: 'a/', type: 'directory', mode: 0o755 })
      source.entry({ name: 'a/run.sh', mode: 0o755, mtime: new Date(1e12) }, 'echo cloned')
      source.entry({ name: '.hidden' }, 'h')
      source.finalize()
      const bytes = await buffer(source)
      world.source = { sizeBytes: bytes.length, commitSha: 'abc123', stream: () => Readable.from([bytes]) }
      const clone: ExecutorStep = { type: 'clone', name: 'clone', depth: 0, recurseSubmodules: false }
      const { logs, status } = await world.run([clone, runStep('./a/run.sh; stat -c %Y a/run.sh; cat .hidden'), clone])
      expect(logs[0]).toContain('copying commit abc123 (')
      expect(logs[1]).toBe('cloned\n1000000000\nh')
      expect(status.steps.map((step) => step.phase)).toEqual(['success', 'success', 'failed'])
      expect(logs[2]).toContain('is not empty')
    })

    test('the log of a step can be followed until it ends', async () => {
      const task = world.task([runStep('echo a; sleep 0.1; echo b'), runStep('true')])
      await world.executor.submit(task)
      await world.runService.status(task.id, (status) => status.steps[0]?.phase === 'running')
      expect(await text((await world.executor.openLog({ taskId: task.id, step: 0 }, { follow: true })).stream())).toBe(
        'a\nb\n',
      )
      await world.outcome(task.id)
    })
  })
}
