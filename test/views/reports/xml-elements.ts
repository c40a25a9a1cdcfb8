/** An element of a well-formed document. */
export interface XmlElement {
  name: string
  attributes: Record<string, string>
  children: XmlElement[]
  text: string
}

/** Reads a document strictly and fails with the place where it is not well-formed: tags, attributes, entities and characters. It knows
 *  neither comments nor CDATA nor doctypes, which reports do not write. */
export function parseXml(source: string): XmlElement {
  const bad = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(source)
  if (bad !== null) throw new Error(`character ${bad[0].charCodeAt(0)} at ${bad.index} is not XML`)
  const document: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [document]
  let at = source.startsWith('<?xml ') ? source.indexOf('?>') + 2 : 0
  const token = /<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y
  while (at < source.length) {
    token.lastIndex = at
    const match = token.exec(source)
    const current = open.at(-1)
    if (match === null || current === undefined)
      throw new Error(`not well-formed at ${at}: ${source.slice(at, at + 60)}`)
    at = token.lastIndex
    const [, closing, name = '', words = '', empty, text] = match
    if (text !== undefined) current.text += unescapeXml(text)
    else if (closing === '/') {
      if (current.name !== name) throw new Error(`</${name}> closes <${current.name}> at ${at}`)
      open.pop()
    } else {
      const element: XmlElement = { name, attributes: attributesOf(words), children: [], text: '' }
      current.children.push(element)
      if (empty !== '/') open.push(element)
    }
  }
  const [root] = document.children
  if (open.length !== 1 || root === undefined || document.children.length !== 1)
    throw new Error('no single root element')
  return root
}

/** All elements of that name, in the order of the document. */
export function elementsOf(root: XmlElement, name: string): XmlElement[] {
  return [...(root.name === name ? [root] : []), ...root.children.flatMap((child) => elementsOf(child, name))]
}

function attributesOf(words: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name = '', value = ''] of words.matchAll(/([\w.-]+)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`attribute ${name} stands twice`)
    attributes[name] = unescapeXml(value)
  }
  return attributes
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  return text.replace(/&([^;]*;)?/g, (all, word?: string) => {
    const name = word?.slice(0, -1) ?? ''
    const character = name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : entities[name]
    if (character === undefined) throw new Error(`${all} is no entity`)
    return character
  })
}
