import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { AgolaError, messageOf } from '../../../model/errors.ts'

/** Where an engine listens. `url` is unix:///path, npipe:////./pipe/name, tcp://host:port or ssh://[user@]host[:port]. */
export interface EngineEndpoint {
  url: string
  tls: EngineTls | null
}

export interface EngineTls {
  /** Folder with ca.pem, cert.pem and key.pem; those that exist are used. */
  certificatesDir: string
  verify: boolean
}

/** What a request needs to connect. Every key is present, so that nothing is taken from the environment instead. */
export interface Connection {
  socketPath: string | undefined
  protocol: 'http' | 'https'
  host: string | undefined
  port: number | undefined
  ca: Buffer | undefined
  cert: Buffer | undefined
  key: Buffer | undefined
  agent: Agent | undefined
  rejectUnauthorized: boolean
}

const blank: Connection = {
  socketPath: undefined,
  protocol: 'http',
  host: undefined,
  port: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  agent: undefined,
  rejectUnauthorized: true,
}

/** @throws driverUnreachable for an address that nobody can connect to: unknown scheme, unreadable certificates. */
export async function toConnection(endpoint: EngineEndpoint): Promise<Connection> {
  const { url } = endpoint
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1] ?? ''
  const rest = url.slice(scheme.length + 3)
  if (scheme === 'unix' && rest.startsWith('/')) return { ...blank, socketPath: rest }
  if (scheme === 'npipe') return { ...blank, socketPath: rest.replaceAll('\\', '/') }
  if (scheme === 'ssh') return { ...blank, host: 'localhost', port: 80, agent: createSshAgent(url) }
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') return overTcp(endpoint)
  throw new AgolaError(
    'driverUnreachable',
    `"${url}" is not the address of a container engine; write unix:///path/to/docker.sock, tcp://host:port or ssh://user@host`,
  )
}

async function overTcp({ url, tls }: EngineEndpoint): Promise<Connection> {
  const parsed = URL.parse(url.replace(/^tcp:/, 'http:'))
  if (parsed === null || parsed.hostname === '') {
    throw new AgolaError('driverUnreachable', `"${url}" is not an address; write tcp://host:port`)
  }
  const secure = tls !== null || parsed.protocol === 'https:'
  const port = Number(parsed.port) || (secure ? 2376 : 2375)
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  const plain: Connection = { ...blank, host, port, protocol: secure ? 'https' : 'http' }
  if (tls === null) return plain
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readPem(tls, name)))
  return { ...plain, ca, cert, key, rejectUnauthorized: tls.verify }
}

async function readPem(tls: EngineTls, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(tls.certificatesDir, name))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AgolaError('driverUnreachable', `cannot read the engine's certificate: ${messageOf(cause)}`, { cause })
  }
}

/** Connects as Docker's own client does: through the user's ssh, so that its config, agent and known hosts count. */
function createSshAgent(url: string): Agent {
  const { username, hostname, port, pathname } = new URL(url)
  const words = ['-o', 'ConnectTimeout=30', '-T']
  if (username !== '') words.push('-l', decodeURIComponent(username))
  if (port !== '') words.push('-p', port)
  const dial = ['docker', ...(pathname.length > 1 ? ['--host', `unix://${pathname}`] : []), 'system', 'dial-stdio']
  words.push('--', hostname, ...dial)
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = () => toSocket(spawn('ssh', words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true }))
  return agent
}

function toSocket(child: ChildProcess): Duplex {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new AgolaError('assertionFailed', 'ssh without pipes')
  let complaint = ''
  stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-500)
  })
  const socket = Duplex.from({ writable: stdin, readable: stdout })
  child.on('error', (error) => socket.destroy(error))
  child.on('exit', (code) => {
    if (code !== 0) socket.destroy(new Error(`ssh ended with ${code}: ${complaint.trim()}`))
  })
  socket.on('close', () => child.kill())
  // node:http treats what an agent gives it as a net.Socket.
  const unused = () => socket
  return Object.assign(socket, {
    setKeepAlive: unused,
    setNoDelay: unused,
    setTimeout: unused,
    ref: unused,
    unref: unused,
  })
}
