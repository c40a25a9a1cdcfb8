import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import type { Snapshot } from '../../../src/engine/snapshot/snapshot.ts'
import {
  openSnapshot,
  type SnapshotProgress,
  type SnapshotRequest,
  takeSnapshot,
} from '../../../src/engine/snapshot/take-snapshot.ts'

/** A directory with real git repositories, free of the settings of whoever runs the tests. */
export class GitFixture {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'agola-snapshot-')))
  readonly stateDirectory = join(this.root, 'state')
  readonly environment: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: join(this.root, 'home'),
    GIT_CONFIG_NOSYSTEM: '1',
  }
  readonly #open: Snapshot[] = []

  constructor() {
    mkdirSync(join(this.root, 'home'))
  }

  /** Runs git in a directory below the root and returns what it printed. */
  git(directory: string, ...args: string[]): string {
    const identity = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', '-c', 'protocol.file.allow=always']
    const env = { ...this.environment, GIT_CONFIG_GLOBAL: '/dev/null' }
    const output = execFileSync('git', [...identity, ...args], {
      cwd: join(this.root, directory),
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return output.trim()
  }

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const full = join(this.root, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, content, { mode })
  }

  /** A repository on branch `main`; with files, they are committed. */
  repository(name: string, files: Record<string, string> = { 'a.txt': 'a\n' }): string {
    mkdirSync(join(this.root, name), { recursive: true })
    this.git(name, 'init', '--quiet', '--initial-branch=main')
    for (const [path, content] of Object.entries(files)) this.write(`${name}/${path}`, content)
    if (Object.keys(files).length > 0) {
      this.git(name, 'add', '.')
      this.git(name, 'commit', '--quiet', '-m', 'first')
    }
    return name
  }

  async take(
    directory: string,
    request: Partial<SnapshotRequest> = {},
    onProgress?: (progress: SnapshotProgress) => void,
  ): Promise<Snapshot> {
    const snapshot = await takeSnapshot(
      {
        directory: join(this.root, directory),
        untracked: true,
        ignored: false,
        ref: {},
        stateDirectory: this.stateDirectory,
        environment: this.environment,
        now: 1_700_000_000_000,
        random: { uuid: randomUUID, fraction: () => 0 },
        ...request,
      },
      { onProgress },
    )
    this.#open.push(snapshot)
    return snapshot
  }

  async reopen(id: string): Promise<Snapshot> {
    const random = { uuid: randomUUID, fraction: () => 0 }
    const { stateDirectory, environment } = this
    const snapshot = await openSnapshot(id, { stateDirectory, environment, random })
    this.#open.push(snapshot)
    return snapshot
  }

  /** Paths of the snapshot with their contents; `path -> target` for links, `path *` for programs, `path/` for empty directories. */
  async files(snapshot: Snapshot): Promise<Record<string, string>> {
    const source = await snapshot.openSource({ depth: 1, recurseSubmodules: false })
    const files: Record<string, string> = {}
    await readTar(source.stream(), (name, type, mode, link, content) => {
      if (name.startsWith('.git/')) return
      if (type === 'symlink') files[`${name} -> ${link}`] = ''
      else if (type === 'file') files[mode === 0o755 ? `${name} *` : name] = content.toString()
    })
    return files
  }

  /** Unpacks the checkout with the machine's tar and returns its directory, relative to the root. */
  async checkOut(snapshot: Snapshot, request = { depth: 0, recurseSubmodules: true }): Promise<string> {
    const name = `checkout-${randomUUID()}`
    mkdirSync(join(this.root, name))
    const source = await snapshot.openSource(request)
    const chunks: Buffer[] = []
    for await (const chunk of source.stream()) chunks.push(chunk)
    const tar = Buffer.concat(chunks)
    if (tar.length !== source.sizeBytes) throw new Error(`promised ${source.sizeBytes} bytes, got ${tar.length}`)
    execFileSync('tar', ['-x', '--no-same-owner'], { cwd: join(this.root, name), input: tar })
    return name
  }

  async remove(): Promise<void> {
    for (const snapshot of this.#open) await snapshot.close()
    execFileSync('chmod', ['-R', 'u+rwX', this.root])
    rmSync(this.root, { recursive: true })
  }
}

export async function readTar(
  stream: Readable,
  onEntry: (name: string, type: string, mode: number, link: string, content: Buffer) => void,
): Promise<void> {
  const tar = extract()
  tar.on('entry', (header, body, next) => {
    const chunks: Buffer[] = []
    body.on('data', (chunk: unknown) => {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk)
    })
    body.on('end', () => {
      const { name, type, mode, linkname } = header
      onEntry(name, type ?? '', mode ?? 0, linkname ?? '', Buffer.concat(chunks))
      next()
    })
  })
  await pipeline(stream, tar)
}
