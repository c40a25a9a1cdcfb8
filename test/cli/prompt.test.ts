import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { Prompt } from '../../src/cli/prompt.ts'

function atTerminal() {
  let written = ''
  const inputs: PassThrough[] = []
  const calls: string[] = []
  const stdout = Object.assign(new PassThrough(), { isTTY: true })
  stdout.on('data', (bytes) => {
    written += bytes
  })
  const output = new Output(stdout, () => undefined)
  const opened = { count: 0 }
  const prompt = new Prompt({
    open: () => {
      opened.count += 1
      const input = new PassThrough()
      inputs.push(input)
      return {
        input,
        columns: 80,
        write: (text) => {
          written += text
        },
        close: () => {
          opened.count -= 1
        },
      }
    },
    interrupt: () => calls.push('interrupt'),
    describe: () => calls.push('describe'),
    suspend: async () => void calls.push('suspend'),
    outputs: [output],
  })
  /** Types into the question that is open, once it is. */
  const type = async (keys: string) => {
    const before = inputs.length
    while (inputs.length === 0 || (opened.count === 0 && inputs.length === before)) await Promise.resolve()
    inputs.at(-1)?.write(keys)
  }
  return { prompt, type, calls, output, opened, inputs, text: () => written }
}

const name = { text: () => 'name? ', hidden: false }

test('gives the line that was typed, edited with backspace and Ctrl-U', async () => {
  const { prompt, type, text, opened } = atTerminal()
  const answer = prompt.ask(name)
  await type('nonsense\x15Adq\x7fa\x1b[D\r')
  expect(await answer).toBe('Ada')
  expect(text()).toContain('name? Ada\n')
  expect(opened.count).toBe(0)
})

test('never shows what is typed for a secret', async () => {
  const { prompt, type, text } = atTerminal()
  const answer = prompt.ask({ ...name, hidden: true })
  await type('hunter2')
  await type('\r')
  expect(await answer).toBe('hunter2')
  expect(text()).not.toContain('h')
})

test('asks one question after the other', async () => {
  const { prompt, type, text } = atTerminal()
  const answers = Promise.all([prompt.ask(name), prompt.ask({ ...name, text: () => 'age? ' })])
  await type('Ada\r')
  while (!text().includes('age?')) await Promise.resolve()
  await type('36\r')
  expect(await answers).toEqual(['Ada', '36'])
})

test('treats Ctrl-C as the signal it would be', async () => {
  const { prompt, type, calls } = atTerminal()
  const answer = prompt.ask(name)
  await type('Ad\x03')
  expect(await answer).toBeNull()
  expect(calls).toEqual(['interrupt'])
})

test('has no answer when the terminal goes away, or when nobody needs one any more', async () => {
  const { prompt, type, inputs } = atTerminal()
  const gone = prompt.ask(name)
  await type('')
  inputs[0]?.end()
  expect(await gone).toBeNull()
  const settled = new AbortController()
  const unneeded = prompt.ask({ ...name, signal: settled.signal })
  settled.abort()
  expect(await unneeded).toBeNull()
})

test('keeps the question below what is printed meanwhile', async () => {
  const { prompt, type, output, text } = atTerminal()
  const answer = prompt.ask(name)
  await type('Ad')
  while (!text().endsWith('name? Ad')) await new Promise((resolve) => setImmediate(resolve))
  await output.write('[build] done\n')
  await output.flush()
  expect(text()).toMatch(/name\? Ad\r\x1b\[K\[build\] done\n\r\x1b\[Kname\? Ad$/)
  await type('a\r')
  expect(await answer).toBe('Ada')
})

test.each([
  ['Ctrl-Z', '\x1a', 'suspend'],
  ['Ctrl-\\', '\x1c', 'describe'],
])('keeps what was typed over %s', async (_, key, call) => {
  const { prompt, type, calls, inputs } = atTerminal()
  const answer = prompt.ask(name)
  await type(`Ad${key}`)
  while (inputs.length < 2) await new Promise((resolve) => setImmediate(resolve))
  await type('a\r')
  expect(await answer).toBe('Ada')
  expect(calls).toEqual([call])
})
