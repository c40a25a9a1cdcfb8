import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const program = '/usr/bin/chromium'

/** After this, what a test waits for will not come. */
const patienceMs = 30_000

const words = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--remote-debugging-pipe',
]

interface Reply {
  id?: number
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { message: string }
}

/** One tab of a real Chromium, driven over the DevTools protocol through a pipe. */
export class ChromiumTab {
  /** What the page complained about: exceptions, console errors, refusals of its content security policy, requests. */
  readonly complaints: string[] = []
  readonly #child: ChildProcess
  readonly #profile: string
  readonly #commands: Writable
  readonly #waiting = new Map<
    number,
    { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }
  >()
  readonly #listeners = new Map<string, () => void>()
  #session: string | undefined
  #lastId = 0

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child
    this.#profile = profile
    const [, , , commands, replies] = child.stdio
    this.#commands = commands as Writable
    let rest = ''
    ;(replies as Readable).setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\0')
      rest = parts.pop() ?? ''
      for (const part of parts) this.#onReply(JSON.parse(part) as Reply)
    })
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('chromium has ended'))
    })
  }

  static async open({ width = 1280, height = 900, dark = false } = {}): Promise<ChromiumTab> {
    const profile = mkdtempSync(join(tmpdir(), 'agola-chromium-'))
    const child = spawn(
      program,
      [...words, `--user-data-dir=${profile}`, `--window-size=${width},${height}`, 'about:blank'],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      },
    )
    const tab = new ChromiumTab(child, profile)
    const { targetId } = await tab.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await tab.send('Target.attachToTarget', { targetId, flatten: true })
    tab.#session = sessionId as string
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await tab.send(`${domain}.enable`)
    await tab.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
    await tab.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    })
    return tab
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    this.#lastId += 1
    const id = this.#lastId
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    const reply = new Promise<Record<string, unknown>>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#commands.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    return await reply
  }

  /** Resolves when the page is loaded. */
  async goTo(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#listeners.set('Page.loadEventFired', resolve))
    await this.send('Page.navigate', { url })
    await loaded
  }

  /** The value of an expression in the page; promises are waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value?: unknown }).value
  }

  /** Waits, frame by frame, until an expression in the page holds, and gives its value. */
  async until(expression: string): Promise<unknown> {
    return await this.evaluate(`new Promise((resolve, reject) => {
      const end = performance.now() + ${patienceMs}
      const look = () => {
        const value = (${expression})
        if (value) resolve(value)
        else if (performance.now() > end) reject(new Error('it never came to hold'))
        else requestAnimationFrame(look)
      }
      look()
    })`)
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data as string, 'base64')
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill()
    await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  #onReply({ id, method, params, result, error }: Reply): void {
    if (id === undefined) {
      this.#onEvent(method ?? '', params ?? {})
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result ?? {})
    else waiting?.reject(new Error(error.message))
  }

  #onEvent(method: string, params: Record<string, unknown>): void {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params.exceptionDetails))
    if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params.entry))
    if (method === 'Network.requestWillBeSent') {
      const { url } = params.request as { url: string }
      if (!/^(file|about|blob):/.test(url)) this.complaints.push(`request of ${url}`)
    }
    this.#listeners.get(method)?.()
  }
}
