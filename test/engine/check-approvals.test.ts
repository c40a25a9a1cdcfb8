import { expect, test } from 'vitest'
import { checkApprovals } from '../../src/engine/check-approvals.ts'

const tasks = [
  { name: 'build', needsApproval: false },
  { name: 'deploy', needsApproval: true },
]

test('takes the names of tasks, also of those that need none', () => {
  checkApprovals([], [])
  checkApprovals(['deploy', 'build', 'deploy'], tasks)
})

test.each([
  ['deplyo', tasks, '--approve: no task "deplyo" waits for approval. Did you mean "deploy"? These do: "deploy"'],
  ['x', tasks.slice(0, 1), '--approve: no task "x" waits for approval. No task does'],
])('refuses the name of no task, and names those that wait: %s', (name, known, message) => {
  expect(() => checkApprovals([name], known)).toThrow(expect.objectContaining({ code: 'flagInvalid', message }))
})
