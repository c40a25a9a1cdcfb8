import type { Duplex } from 'node:stream'
import { type EngineClient, EngineFailure } from './client.ts'
import { Demultiplexer } from './demultiplexer.ts'
import { type ContainerSpec, readyLine } from './spec.ts'

export type KeeperStart =
  /** `lifeline` is our hold on a container that ends with us; null for one that does not. */
  | { isReady: true; lifeline: Duplex | null }
  /** What the engine, or the container's init process, has to say. */
  | { isReady: false; complaint: string }

const complaintBytesMax = 2000

/** Starts a main container with our hand on its streams. Resolves when its keeper runs, or when it is known that it does not.
 *  A user's own entrypoint gives no sign: there the engine's word counts. */
export async function startKeeper(
  client: EngineClient,
  { body, hasKeeper }: ContainerSpec,
  id: string,
): Promise<KeeperStart> {
  // Attached before the start: what is written earlier is lost, and nothing is logged.
  const query = { stream: true, stdin: body.OpenStdin, stdout: true, stderr: true }
  const stream = await client.upgrade(`/containers/${id}/attach`, { query })
  const output = new KeeperOutput(stream)
  try {
    await client.json('POST', `/containers/${id}/start`)
  } catch (error) {
    stream.destroy()
    if (error instanceof EngineFailure) return { isReady: false, complaint: error.message }
    throw error
  }
  if (hasKeeper && !(await output.ready)) {
    stream.destroy()
    return { isReady: false, complaint: output.text || 'the main container ended at once' }
  }
  if (body.OpenStdin) return { isReady: true, lifeline: stream }
  stream.destroy()
  return { isReady: true, lifeline: null }
}

/** Reads on for ever, so that the container never waits for us. */
class KeeperOutput {
  text = ''
  /** true when the line came, false when the stream ended without it. */
  readonly ready: Promise<boolean>

  constructor(stream: Duplex) {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.ready = promise
    const demultiplexer = new Demultiplexer((_stream, bytes) => {
      if (this.text.length < complaintBytesMax) this.text += bytes.toString()
      if (this.text.startsWith(readyLine)) resolve(true)
    })
    stream.on('data', (chunk: Buffer) => demultiplexer.push(chunk))
    stream.on('close', () => resolve(false))
    stream.on('end', () => resolve(false))
    stream.on('error', () => resolve(false))
  }
}
