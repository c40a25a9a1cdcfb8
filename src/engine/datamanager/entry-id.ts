const idBytesMax = 1024

/** Why no entry can be called so; null when one can. */
export function findIdProblem(id: string): string | null {
  if (id !== '' && id.isWellFormed() && Buffer.byteLength(id) <= idBytesMax) return null
  return `an id has 1 to ${idBytesMax} bytes of valid text, not ${JSON.stringify(id.slice(0, 80))}`
}
