import { expect, test } from 'vitest'
import {
  isRefusedLink,
  originalPlace,
  refusedLinksText,
} from '../../../../src/engine/executor/archive/refused-links.ts'

test.each<[workingDir: string, sourceDir: string, destDir: string, place: string | null]>([
  ['/src', '.venv', '', '/src/.venv'],
  ['/src', './a/../.venv/', '', '/src/.venv'],
  ['/src', '.venv', '.venv', '/src'],
  ['/src', '.venv', '/src/.venv', '/'],
  ['/src', '.venv', 'venv', null],
  ['/src', '.venv', 'env', null],
  ['/src', '.venv', '../.venv', null],
  ['/src', '~/.local', '', null],
  ['~/project', '.venv', '', null],
  ['~/project', '/opt/tool', '', '/opt/tool'],
  ['~/project', '/', '', '/'],
  ['', '.venv', '', null],
])('in %s, "%s" saved as "%s" goes back to %j', (workingDir, sourceDir, destDir, place) => {
  expect(originalPlace(workingDir)({ sourceDir, destDir, paths: [] })).toBe(place)
})

test.each<[name: string, target: string, place: string | null, expected: boolean]>([
  ['bin/python', '/usr/bin/python3', '/src/.venv', true],
  ['bin/python', '/usr/bin/python3', '/', false],
  ['bin/python', '/src/.venv/bin/python3', '/src/.venv', false],
  ['bin/python', '/src/.venv/bin/python3', null, true],
  ['bin/python', '/src/.venv/../x', '/', true],
  ['bin/python', '../lib/python', null, false],
  ['bin/python', '../../python', '/', true],
])('a link %s to %s, restored into %j: refused is %s', (name, target, place, expected) => {
  expect(isRefusedLink(name, target, place)).toBe(expected)
})

test('many links are counted', () => {
  const links = Array.from({ length: 9 }, (_, index) => ({ path: `bin/${index}`, target: '/usr' }))
  expect(refusedLinksText(links)).toMatch(
    /the links bin\/0 \(leads to \/usr\), .*bin\/4 \(leads to \/usr\), 4 more, out of/,
  )
})
