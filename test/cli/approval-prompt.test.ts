import { expect, test } from 'vitest'
import { ApprovalPrompt } from '../../src/cli/approval-prompt.ts'
import type { Question } from '../../src/cli/prompt.ts'
import { approvalRequired, runCreated, runFinished, taskStarted } from '../views/progress-events.ts'

interface Asked {
  text: string
  answer: (line: string | null) => void
  signal: AbortSignal | undefined
}

function approvals({ columns = 80 } = {}) {
  const asked: Asked[] = []
  const calls: string[] = []
  const prompt = new ApprovalPrompt({
    ask: ({ text, signal }: Question) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(null))
        asked.push({ text: text(columns), answer: resolve, signal })
      }),
    approve: async (run, task) => void calls.push(`approve ${run} ${task}`),
    stop: async (run) => void calls.push(`stop ${run}`),
    tell: (text) => void calls.push(text),
    onGone: () => void calls.push('gone'),
    isAskedElsewhere: () => false,
    now: () => 63_000,
  })
  prompt.event(runCreated({ build: [], deploy: [], publish: [] }))
  const answer = async (line: string | null) => {
    asked.at(-1)?.answer(line)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { prompt, asked, calls, answer }
}

test('asks for one task at a time, in the order of the config', async () => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  prompt.event(approvalRequired('publish'))
  prompt.event(approvalRequired('build'))
  expect(asked).toHaveLength(1)
  await answer('a')
  await answer('a')
  await answer('a')
  expect(calls).toEqual(['approve 1 deploy', 'approve 1 build', 'approve 1 publish'])
  expect(asked).toHaveLength(3)
  expect(asked[0]?.text).toMatch(/^approve deploy\? \(waiting .*\) \[a\]pprove \/ \[l\]ater \/ \[s\]top \/ \[\?\] $/)
})

test('approves all that wait with a!', async () => {
  const { prompt, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  prompt.event(approvalRequired('publish'))
  await answer('a!')
  expect(calls).toEqual(['approve 1 deploy', 'approve 1 publish'])
})

test.each(['', 'l'])('leaves a task for later on %j, until Enter', async (later) => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  await answer(later)
  expect(asked.at(-1)?.text).toContain('one task waits for approval')
  await answer('')
  expect(asked.at(-1)?.text).toContain('approve deploy?')
  await answer('a')
  expect(calls).toEqual(['approve 1 deploy'])
})

test('explains the answers and asks again after one that it does not know', async () => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  await answer('yes')
  expect(calls[0]).toContain('agola directrun approve 1 deploy')
  expect(asked).toHaveLength(2)
})

test('stops the run with s', async () => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  prompt.event(approvalRequired('publish'))
  await answer('s')
  expect(calls).toEqual(['stop 1'])
  expect(asked).toHaveLength(1)
})

test('takes a question back that was answered in another terminal, or whose run is over', async () => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  prompt.event(approvalRequired('publish'))
  prompt.event(taskStarted('deploy'))
  await answer(null)
  expect(asked.at(-1)?.text).toContain('approve publish?')
  prompt.event(runFinished('stopped'))
  await answer(null)
  expect(asked).toHaveLength(2)
  expect(calls).toEqual([])
  expect(prompt.isOpen).toBe(true)
})

test('asks no more once nobody answers', async () => {
  const { prompt, asked, calls, answer } = approvals()
  prompt.event(approvalRequired('deploy'))
  await answer(null)
  prompt.event(approvalRequired('publish'))
  expect(asked).toHaveLength(1)
  expect(calls).toEqual(['gone'])
  expect(prompt.isOpen).toBe(false)
})

test('fits the question into a narrow terminal', () => {
  const { prompt, asked } = approvals({ columns: 24 })
  prompt.event(approvalRequired('deploy'))
  expect(asked[0]?.text).toMatch(/^appr.*… \[a\/l\/s\/\?\] $/)
  expect(asked[0]?.text.length).toBeLessThan(24)
})
