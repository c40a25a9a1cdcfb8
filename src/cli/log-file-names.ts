import { cutBytes } from '../engine/config/cut-bytes.ts'

/** Of a task's or a step's name within a file's: three parts and a counter stay below the 255 bytes that file systems take. */
const partBytesMax = 100

/** Names for files of logs: `<task>-<step index>-<step>.log`, and `<task>-setup.log`, which every system takes. No two are the same, not
 *  even where capital letters make no difference. */
export class LogFileNames {
  readonly #taken = new Set<string>()

  next(task: string, step: { index: number | null; name: string }): string {
    const index = step.index === null ? [] : [String(step.index)]
    const name = [safePart(task), ...index, safePart(step.name)].join('-')
    for (let count = 1; ; count++) {
      const file = `${name}${count === 1 ? '' : `-${count}`}.log`
      if (this.#take(file.toLowerCase())) return file
    }
  }

  #take(name: string): boolean {
    if (this.#taken.has(name)) return false
    this.#taken.add(name)
    return true
  }
}

function safePart(name: string): string {
  return cutBytes(name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-'), partBytesMax)
}
