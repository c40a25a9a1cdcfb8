import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))

/** An image with static busybox and nothing else, made from this machine's own file. */
export const benchImage = 'agola-bench:busybox'

export function makeBenchImage(): void {
  if (spawnSync('docker', ['image', 'inspect', benchImage], { stdio: 'ignore' }).status === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'agola-bench-image-'))
  try {
    execFileSync(
      'sh',
      [
        '-ec',
        'mkdir -p bin tmp root etc; cp /bin/busybox bin/busybox; for a in $(bin/busybox --list); do [ "$a" = busybox ] || ln -s busybox bin/$a; done; echo root:x:0:0:root:/root:/bin/sh > etc/passwd; tar -c . | docker import -c "ENV PATH=/bin" -c "CMD [\\"/bin/sh\\"]" - agola-bench:busybox >/dev/null',
      ],
      { cwd: folder },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A repository with one config and a state directory of its own. */
export class BenchRepository {
  readonly directory: string
  private readonly base: string

  constructor(config: unknown) {
    this.base = mkdtempSync(join(tmpdir(), 'agola-bench-'))
    this.directory = join(this.base, 'repository')
    this.write('.agola/config.json', JSON.stringify(config))
    this.git('init', '-q', '-b', 'main')
    this.git('add', '-A')
    this.git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-q', '-m', 'bench')
  }

  get environment(): NodeJS.ProcessEnv {
    const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
    return { ...rest, AGOLA_LOCAL_STATE_DIR: join(this.base, 'state'), AGOLA_LOCAL_CACHE_DIR: join(this.base, 'cache') }
  }

  write(path: string, content: string | Uint8Array): void {
    const file = join(this.directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  git(...words: string[]): void {
    execFileSync('git', words, { cwd: this.directory, stdio: 'ignore' })
  }

  /** Runs a program in the repository and waits for its end; fails when that fails. `until` ends the measured time at the first output that holds it. */
  async run(command: string, words: readonly string[], until?: string): Promise<number> {
    const start = performance.now()
    const child = spawn(command, words, {
      cwd: this.directory,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let seen: number | null = null
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      if (until !== undefined && seen === null) {
        output += chunk.toString('latin1')
        if (output.includes(until)) seen = performance.now() - start
      }
    })
    const errors: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    if (code !== 0)
      throw new Error(`${command} ${words.join(' ')} ended with ${code}: ${Buffer.concat(errors).toString()}`)
    return seen ?? performance.now() - start
  }

  agola(words: readonly string[], until?: string): Promise<number> {
    return this.run(process.execPath, [program, ...words], until)
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true })
  }
}
