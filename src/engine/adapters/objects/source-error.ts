const known = new WeakSet<Error>()

/** The same error, known from now on as one of the source of an object: no store is to blame for it, whatever its code. */
export function asSourceError(error: unknown): unknown {
  if (error instanceof Error) known.add(error)
  return error
}

export function isSourceError(error: unknown): boolean {
  return error instanceof Error && known.has(error)
}
