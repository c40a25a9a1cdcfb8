/** What goes over a control socket once a shell is open: a byte for the kind, four for the length (big-endian), then so many bytes. */
export const frameKinds = {
  input: 0,
  inputEnd: 1,
  resize: 2,
  kill: 3,
  output: 4,
  errors: 5,
  exit: 6,
  failure: 7,
} as const

export type FrameKind = keyof typeof frameKinds

export interface Frame {
  kind: FrameKind
  data: Buffer
}

const headerBytes = 5
const frameBytesMax = 16 * 1024 * 1024
const kindsByNumber = new Map(Object.entries(frameKinds).map(([kind, number]) => [number as number, kind as FrameKind]))

export function encodeFrame(kind: FrameKind, data: Uint8Array | object = Buffer.alloc(0)): Buffer {
  const bytes = data instanceof Uint8Array ? data : Buffer.from(JSON.stringify(data))
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(frameKinds[kind], 0)
  header.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([header, bytes])
}

/** Takes bytes as they come and gives the frames that are whole. Throws a plain error on what is none. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (this.#rest.length >= headerBytes) {
      const length = this.#rest.readUInt32BE(1)
      const kind = kindsByNumber.get(this.#rest.readUInt8(0))
      if (kind === undefined || length > frameBytesMax) throw new Error('these bytes are no frame of a control socket')
      if (this.#rest.length < headerBytes + length) break
      frames.push({ kind, data: this.#rest.subarray(headerBytes, headerBytes + length) })
      this.#rest = this.#rest.subarray(headerBytes + length)
    }
    return frames
  }
}
