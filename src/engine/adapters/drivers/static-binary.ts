import { open } from 'node:fs/promises'
import type { Arch } from '../../model/run-config.ts'

const headerBytes = 4096
const interpreterSegment = 3
const machines: Record<number, Arch> = { 3: '386', 40: 'arm', 62: 'amd64', 183: 'arm64' }

/** The architecture of a statically linked ELF program, which runs in any container of that architecture; null for everything else. */
export async function staticBinaryArch(path: string): Promise<Arch | null> {
  const header = await readStart(path)
  if (header === null || header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46) return null
  const isWide = header[4] === 2
  const isLittle = header[5] === 1
  if (!isLittle) return null
  const tableOffset = isWide ? Number(header.readBigUInt64LE(32)) : header.readUInt32LE(28)
  const entryBytes = header.readUInt16LE(isWide ? 54 : 42)
  const entryCount = header.readUInt16LE(isWide ? 56 : 44)
  for (let index = 0; index < entryCount; index++) {
    const offset = tableOffset + index * entryBytes
    if (offset + 4 > header.length) return null
    if (header.readUInt32LE(offset) === interpreterSegment) return null
  }
  return machines[header.readUInt16LE(18)] ?? null
}

async function readStart(path: string): Promise<Buffer | null> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    return buffer.subarray(0, bytesRead)
  } catch {
    return null
  }
}
