import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
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
  { words: 'completion', summary: 'Print a script.', flags: [], argumentOptions: ['bash', 'zsh'] },
  { words: 'version', summary: 'Show the version.', flags: [] },
]

const expected: [words: string[], offers: string[]][] = [
  [[''], ['directrun', 'completion', 'version']],
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
  [['directrun', 'start', '7', 'list', '--qu'], ['--quiet']],
  [['directrun', 'start', '-q', '--output=text', '--qu'], ['--quiet']],
  [
    ['directrun', 'start', '--output', ''],
    ['text', 'json'],
  ],
  [['directrun', 'start', '--output', 'j'], ['json']],
  [
    ['completion', ''],
    ['bash', 'zsh'],
  ],
  [['completion', 'bash', ''], []],
  [['version', 'x'], []],
]

/** What the shell would offer for the words typed so far, the last of which is being completed. */
function complete(shell: 'bash' | 'zsh', words: readonly string[]): string[] {
  const before = shell === 'bash' ? '' : 'autoload -U compinit && compinit -D'
  const script = `${before}
${completionScript(shell, 'agola', commands)}
${shell === 'bash' ? '' : 'emulate sh'}
COMP_WORDS=(agola ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_agola_complete; printf '%s\\n' "\${COMPREPLY[@]}"`
  return linesOf(shell, ...(shell === 'bash' ? [] : ['-f']), '-c', script)
}

function completeInFish(words: readonly string[]): string[] {
  const line = ['agola', ...words].join(' ')
  const script = `${completionScript('fish', 'agola', commands)}\ncomplete -C '${line}'`
  return linesOf('fish', '--no-config', '-c', script).map((offer) => offer.split('\t')[0] ?? '')
}

function linesOf(program: string, ...args: string[]): string[] {
  return execFileSync(program, args, { encoding: 'utf8' }).split('\n').filter(Boolean)
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0
}

test.each(expected)('bash completes %j', (words, offers) => {
  expect(complete('bash', words)).toEqual(offers)
})

test('bash splits words at =, and not if it is told not to', () => {
  const start = ['directrun', 'start', '--output']
  expect(complete('bash', [...start, '='])).toEqual(['text', 'json'])
  expect(complete('bash', [...start, '=', 'j'])).toEqual(['json'])
  expect(complete('bash', ['directrun', 'start', '--output=j'])).toEqual(['--output=json'])
  expect(complete('bash', ['directrun', 'start', '--quiet=s'])).toEqual([])
})

describe.skipIf(!isInstalled('zsh'))('zsh, where it is installed,', () => {
  test.each([...expected, [['directrun', 'start', '--output=j'], ['--output=json']] as const])(
    'completes %j',
    (words, offers) => {
      // What is typed already is compared by the line editor of zsh.
      const matching = complete('zsh', words).filter((offer) => offer.startsWith(words.at(-1) ?? ''))
      expect(matching).toEqual(offers)
    },
  )
})

describe.skipIf(!isInstalled('fish'))('fish, where it is installed,', () => {
  const ofFish = expected.filter(([words]) => words.at(-1) !== '-q' && words.at(-1) !== '--')
  test.each([...ofFish, [['directrun', 'start', '--output=j'], ['--output=json']] as const])(
    'completes %j',
    (words, offers) => {
      expect(completeInFish(words).toSorted()).toEqual([...offers].toSorted())
    },
  )
})

test('zsh goes through its bash completion', () => {
  expect(completionScript('zsh', 'agola', commands)).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/)
})

test('fish gets commands, flags, values and quoted summaries', () => {
  const script = completionScript('fish', 'agola', commands)
  expect(script).toContain(`complete -c agola -n '__agola_ends' -a 'directrun'`)
  expect(script).toContain(`-l output -x -a 'text json' -d 'form'`)
  expect(script).toContain(`-a 'start' -d 'Run this repository'\\''s tasks.'`)
  expect(script).toContain('-l quiet -s q -d')
})
