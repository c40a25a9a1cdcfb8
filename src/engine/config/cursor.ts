/** A value of the document together with the way that led to it. Chains are cheap to make: the path is put together on demand. */
export class Cursor {
  readonly value: unknown
  readonly parent: Cursor | null
  readonly key: string | number

  constructor(value: unknown, parent: Cursor | null = null, key: string | number = '') {
    this.value = value
    this.parent = parent
    this.key = key
  }

  child(key: string | number, value: unknown): Cursor {
    return new Cursor(value, this, key)
  }
}

export type DocumentPath = readonly (string | number)[]

export function pathOf(cursor: Cursor): DocumentPath {
  const path: (string | number)[] = []
  for (let at = cursor; at.parent !== null; at = at.parent) path.push(at.key)
  return path.reverse()
}

/** `runs[0].tasks[2].environment["a b"]`; '' for the document itself. */
export function formatPath(path: DocumentPath): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (!/^[A-Za-z_]\w*$/.test(key)) text += `[${JSON.stringify(key)}]`
    else text += text === '' ? key : `.${key}`
  }
  return text
}
