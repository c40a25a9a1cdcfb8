import { expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-code.ts'
import DirectRunStart from '../../src/commands/directrun/start.ts'
import { commands } from '../../src/commands.ts'

test.each(Object.entries(commands))('the description of %s breaks lines between paragraphs only', async (_, load) => {
  const { description = '' } = (await load()).default as { description?: string }
  expect(description).not.toMatch(/[^\n]\n[^\n]/)
})

test('the help of directrun start has every exit code that it may end with', () => {
  const { timedOut: _, notFound: __, paused: ___, ...ofStart } = exitCodes
  const list = DirectRunStart.description.slice(DirectRunStart.description.indexOf('Exit codes:'))
  expect(list.match(/\b\d+\b/g)?.map(Number)).toEqual(Object.values(ofStart))
})
