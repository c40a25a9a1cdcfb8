import { expect, test } from 'vitest'
import type { Prompt, Question } from '../../src/cli/prompt.ts'
import { questionsAt } from '../../src/cli/questions.ts'

function answering(line: string | null) {
  const asked: Question[] = []
  const ask = async (question: Question) => {
    asked.push(question)
    return line
  }
  const prompt = { ask } as unknown as Prompt
  return { asked, questions: questionsAt(prompt, new AbortController().signal) }
}

test('asks for a value without showing it', async () => {
  const { asked, questions } = answering('hunter2')
  expect(await questions.hidden?.('TOKEN')).toBe('hunter2')
  expect(asked[0]?.hidden).toBe(true)
  expect(asked[0]?.text(80)).toContain('TOKEN')
})

test('a value that nobody typed is an error', async () => {
  await expect(answering(null).questions.hidden?.('TOKEN')).rejects.toMatchObject({ code: 'variableInvalid' })
})

test('a variable that nobody gave may stay without a value, and who wants it is told where there is room', async () => {
  const { asked, questions } = answering(null)
  expect(await questions.undefinedVariable?.('TOKEN', 'task "build"')).toBeNull()
  expect(asked[0]?.hidden).toBe(true)
  expect(asked[0]?.text(80)).toBe('value of TOKEN (not shown, Enter for none; for task "build"): ')
  expect(asked[0]?.text(40)).toBe('value of TOKEN (not shown): ')
})

test.each([
  ['y', true],
  [' Yes ', true],
  ['', false],
  ['n', false],
  [null, false],
])('goes on without containers only after a clear yes: %j', async (line, expected) => {
  expect(await answering(line).questions.host?.()).toBe(expected)
})
