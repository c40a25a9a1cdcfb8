import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Lifeline } from '../../../../../src/engine/adapters/drivers/docker/lifeline.ts'

function frame(stream: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

test('the output of the opening script ends at its mark, with the exit code, however it is cut', async () => {
  const connection = new PassThrough()
  const opened = new Lifeline(connection).readOpening()
  const bytes = Buffer.concat([
    frame(1, 'opening\n/root/project\0/root'),
    frame(2, 'mkdir: no'),
    frame(1, '\n1 ope'),
    frame(1, 'ned\n'),
    // The two streams come on ways of their own.
    frame(2, ' such directory\n\nopened\n'),
  ])
  for (const byte of bytes) connection.write(Buffer.from([byte]))
  expect(await opened).toEqual({ exitCode: 1, stdout: '/root/project\0/root', stderr: 'mkdir: no such directory\n' })
})

test('an attachment that came too late for the beginning tells nothing, and carries no command', async () => {
  const connection = new PassThrough()
  const lifeline = new Lifeline(connection)
  const opened = lifeline.readOpening()
  connection.write(frame(1, '/root\n0 opened\n'))
  connection.write(frame(2, '\nopened\n'))
  expect(await opened).toBeNull()
  expect(lifeline.takesCommand).toBe(false)
})

test('a connection that ends before the mark tells nothing', async () => {
  const connection = new PassThrough()
  const opened = new Lifeline(connection).readOpening()
  connection.write(frame(1, 'half'))
  connection.destroy()
  expect(await opened).toBeNull()
})
