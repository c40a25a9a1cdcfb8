/** As `Promise.all`, but a failure is told when all have ended: whoever cleans up then takes nothing away from work under way. */
export async function allOf<T extends readonly unknown[]>(
  values: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(values)
  return await Promise.all(values)
}
