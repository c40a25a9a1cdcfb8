import { expect, test } from 'vitest'
import { compileSnapshot } from '../../src/engine/compile-snapshot.ts'
import type { DirectRunRequest } from '../../src/engine/direct-run-interface.ts'
import type { Snapshot } from '../../src/engine/snapshot/snapshot.ts'
import { aTree } from './config/a-tree.ts'

const task = (name: string, variable: string, more = {}) => ({
  ...{ name, runtime: { containers: [{ image: 'b' }] }, environment: { A: { from_variable: variable } } },
  ...more,
})
const tasks = [task('a', 'one'), task('b', 'two'), task('c', 'three', { when: { tag: 'v1' } })]
const config = JSON.stringify({ runs: [{ name: 'r', tasks }] })

/** Compiles tasks that want a variable each, of which the last does not run on a branch. */
async function compile(names: string[], strict: boolean) {
  const ref = { type: 'branch', ref: 'refs/heads/main', branch: 'main', tag: '', pullRequestId: '' }
  const facts = { ref, commitSha: '0123', repoUuid: 'r', repositoryUrl: 'https://git.example.com/r' }
  const snapshot = { ...facts, ...aTree({ '.agola/config.json': config }) } as unknown as Snapshot
  const request: Pick<DirectRunRequest, 'approvals' | 'selection' | 'strict'> & { variables: object } = {
    ...{ approvals: [], selection: { runs: [], tasks: names, only: false }, strict: false },
    variables: { strict, askUndefined: null },
  }
  const notices: string[] = []
  const variables = { values: new Map(), secretNames: new Set<string>(), warnings: [] }
  const local = { identity: { userId: 'u' }, directories: {} } as never
  const options = { onNotice: (text: string) => notices.push(text) }
  const compiled = await compileSnapshot(request as DirectRunRequest, snapshot, { local, variables }, options)
  return { notices, tasks: compiled.selected.flatMap((run) => Object.values(run.tasks).map(({ name }) => name)) }
}

test('only the variables of tasks that run are told as missing', async () => {
  const text = (name: string, place: string) =>
    `the variable ${name} is not given and empty: task "${place}" of run "r" wants it (--var ${name}=…)`
  expect(await compile(['a'], false)).toEqual({ notices: [text('one', 'a')], tasks: ['a'] })
  expect((await compile([], false)).notices).toEqual([text('one', 'a'), text('two', 'b')])
  expect(await compile(['c'], false)).toEqual({ notices: [], tasks: ['c'] })
})

test('only the variables of tasks that run are refused as missing', async () => {
  await expect(compile(['a'], true)).rejects.toMatchObject({ code: 'variableInvalid', details: { names: ['one'] } })
  await expect(compile([], true)).rejects.toMatchObject({ details: { names: ['one', 'two'] } })
  expect((await compile(['c'], true)).notices).toEqual([])
})
