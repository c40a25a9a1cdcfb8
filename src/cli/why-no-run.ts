/** Why no run of a config is left, as part of a sentence. */
export function whyNoRun(skipped: readonly { name: string }[]): string {
  const names = skipped.map(({ name }) => JSON.stringify(name)).join(', ')
  return names === '' ? 'the config has no run' : `\`when\` leaves out ${names}`
}
