/** On everything that is made for a run, beside the driver's own labels: `<repo uuid>/<number>` (spec/local-runs.md 10). */
const runLabel = 'agola.io/run'

export function runLabels(repoUuid: string, number: number): Record<string, string> {
  return { [runLabel]: `${repoUuid}/${number}` }
}

/** null for labels of no local run. */
export function runOfLabels(labels: Record<string, string>): { repoUuid: string; number: number } | null {
  const [, repoUuid, number] = /^([^/]+)\/(\d+)$/.exec(labels[runLabel] ?? '') ?? []
  return repoUuid === undefined ? null : { repoUuid, number: Number(number) }
}
