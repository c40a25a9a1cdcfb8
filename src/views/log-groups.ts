import type { TimeMs } from '../engine/model/ids.ts'

/** How a CI service folds logs. */
export type GroupStyle = 'github' | 'gitlab'

/** Text held back per step while another step owns the open group. */
const heldLengthMax = 256 * 1024

interface Section {
  title: string
  held: string
  finished: boolean
  /** Parts printed before. */
  parts: number
}

/** Folds the output of each step into a group. Groups cannot interleave, so one step prints at once and the others are held
 *  back until it has ended; one that holds too much interrupts it with a part of its own. */
export class LogGroups {
  readonly #style: GroupStyle
  /** By key, in the order in which they began. */
  readonly #sections = new Map<string, Section>()
  #open: { key: string; id: string } | null = null
  #ids = 0

  constructor(style: GroupStyle) {
    this.#style = style
  }

  begin(key: string, title: string): void {
    this.#sections.set(key, { title, held: '', finished: false, parts: 0 })
  }

  /** Text to print now, for more lines of the section. */
  write(key: string, lines: string, time: TimeMs): string {
    const section = this.#sections.get(key)
    if (section === undefined || lines === '') return lines
    if (this.#open?.key === key) return lines
    section.held += lines
    if (this.#open !== null && section.held.length < heldLengthMax) return ''
    return this.#switchTo(key, section, time)
  }

  /** Text to print now that the section has ended: its own rest, and what others held back for its sake. */
  end(key: string, time: TimeMs): string {
    const section = this.#sections.get(key)
    if (section === undefined) return ''
    section.finished = true
    if (this.#open !== null && this.#open.key !== key && section.held.length < heldLengthMax) return ''
    let text = section.held === '' ? '' : this.#switchTo(key, section, time)
    if (this.#open?.key === key) text += this.#close(time)
    this.#sections.delete(key)
    return text + this.#printFinished(time)
  }

  /** Everything that is held back, at the end of all. */
  flush(time: TimeMs): string {
    let text = ''
    for (const [key, section] of this.#sections) if (section.held !== '') text += this.#switchTo(key, section, time)
    return text + this.#close(time)
  }

  #printFinished(time: TimeMs): string {
    let text = ''
    for (const [key, section] of this.#sections) {
      if (!section.finished) continue
      if (section.held !== '') text += this.#switchTo(key, section, time)
      this.#sections.delete(key)
    }
    const next = [...this.#sections].find(([, section]) => section.held !== '')
    if (next !== undefined) return text + this.#switchTo(next[0], next[1], time)
    return text + (this.#open !== null && !this.#sections.has(this.#open.key) ? this.#close(time) : '')
  }

  #switchTo(key: string, section: Section, time: TimeMs): string {
    const title = section.parts === 0 ? section.title : `${section.title} (continued)`
    section.parts += 1
    this.#ids += 1
    const id = `agola_${this.#ids}`
    const text = this.#close(time) + this.#header(id, title, time) + section.held
    section.held = ''
    this.#open = { key, id }
    return text
  }

  #header(id: string, title: string, time: TimeMs): string {
    if (this.#style === 'github') return `::group::${title}\n`
    return `\x1b[0Ksection_start:${Math.floor(time / 1000)}:${id}[collapsed=true]\r\x1b[0K${title}\n`
  }

  #close(time: TimeMs): string {
    if (this.#open === null) return ''
    const { id } = this.#open
    this.#open = null
    return this.#style === 'github'
      ? '::endgroup::\n'
      : `\x1b[0Ksection_end:${Math.floor(time / 1000)}:${id}\r\x1b[0K\n`
  }
}
