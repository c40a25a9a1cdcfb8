const chunkLength = 8
const fileMarker = '.f'

/** The stored path of a key in a posixflat store (spec/storage.md 2.4): a slash after every 8 characters, and a marker where the file
 *  would otherwise have the name of the folder of longer keys. */
export function flatPathOf(key: string): string {
  const characters = [...key]
  const chunks: string[] = []
  for (let start = 0; start < characters.length; start += chunkLength) {
    chunks.push(escapeChunk(characters.slice(start, start + chunkLength).join('')))
  }
  const full = characters.length > 0 && characters.length % chunkLength === 0
  return chunks.join('/') + (full ? fileMarker : '')
}

/** The part of the key that a folder's name stands for; null for a name that the store did not make. */
export function chunkOfFolder(name: string): string | null {
  const chunk = unescapeChunk(name)
  return chunk !== null && [...chunk].length === chunkLength ? chunk : null
}

/** The last part of the key that a file's name stands for; null for a name that the store did not make. */
export function chunkOfFile(name: string): string | null {
  if (name.endsWith(fileMarker)) {
    const chunk = chunkOfFolder(name.slice(0, -fileMarker.length))
    if (chunk !== null) return chunk
  }
  const chunk = unescapeChunk(name)
  return chunk !== null && chunk !== '' && [...chunk].length < chunkLength ? chunk : null
}

function escapeChunk(chunk: string): string {
  // The reference leaves these two as they are, and so leaves the data directory.
  if (chunk === '.' || chunk === '..') return chunk.replaceAll('.', '%2E')
  return chunk.replaceAll('%', '%25').replaceAll('/', '%2F')
}

function unescapeChunk(name: string): string | null {
  if (name === '%2E' || name === '%2E%2E') return name.replaceAll('%2E', '.')
  const rest = name.replaceAll('%25', '').replaceAll('%2F', '')
  return rest.includes('%') ? null : name.replaceAll('%2F', '/').replaceAll('%25', '%')
}
