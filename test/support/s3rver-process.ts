import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface S3rver {
  endpoint: string
  stop(): Promise<void>
}

/** The S3 server of the package `s3rver`, in a process of its own: its listing of pages needs a cipher that Node hides by default. */
export async function startS3rver(): Promise<S3rver> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-s3rver-'))
  const require = createRequire(import.meta.url)
  const program = join(dirname(require.resolve('s3rver/package.json')), 'bin/s3rver.js')
  const args = [
    '--openssl-legacy-provider',
    '--no-warnings',
    program,
    '-d',
    directory,
    '-a',
    '127.0.0.1',
    '-p',
    '0',
    '--silent',
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    await rm(directory, { recursive: true, force: true })
  }
  const port = await new Promise<string>((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const found = /:(\d{2,5})\b/.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', () => reject(new Error(`s3rver did not start: ${output}`)))
  }).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { endpoint: `http://127.0.0.1:${port}`, stop }
}
