import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { type CompletableCommand, completionScript } from '../../src/cli/completion-script.ts'

const commands: CompletableCommand[] = [
  {
    words: 'directrun start',
    summary: "Run this repository's tasks.",
    flags: [
      { name: 'output', summary: 'form', boolean: false, options: ['text', 'json'] },
      { name: 'quiet', char: 'q', summary: 'less', boolean: true },
    ],
  },
  { words: 'directrun list', summary: 'List runs.', flags: [] },
  { words: 'version', summary: 'Show the version.', flags: [] },
]

/** What bash would offer for the words typed so far, the last of which is being completed. */
function complete(...words: string[]): string[] {
  const script = `${completionScript('bash', 'agola', commands)}
COMP_WORDS=(agola ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_agola_complete; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

test.each([
  [[''], ['directrun', 'version']],
  [['dir'], ['directrun']],
  [
    ['directrun', ''],
    ['start', 'list'],
  ],
  [
    ['directrun', 'start', '--'],
    ['--output', '--quiet'],
  ],
  [['directrun', 'start', '-q'], ['-q']],
  [
    ['directrun', 'start', '--output', ''],
    ['text', 'json'],
  ],
  [['directrun', 'start', '--output', 'j'], ['json']],
  [['version', 'x'], []],
])('bash completes %j', (words, offers) => {
  expect(complete(...words)).toEqual(offers)
})

test('zsh goes through its bash completion', () => {
  expect(completionScript('zsh', 'agola', commands)).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/)
})

test('fish gets commands, flags, values and quoted summaries', () => {
  const script = completionScript('fish', 'agola', commands)
  expect(script).toContain(`complete -c agola -n '__fish_use_subcommand' -a 'directrun'`)
  expect(script).toContain(`-l output -x -a 'text json' -d 'form'`)
  expect(script).toContain(`-a 'start' -d 'Run this repository'\\''s tasks.'`)
  expect(script).toContain('-l quiet -s q -d')
})
