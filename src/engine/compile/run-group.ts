import type { SourceContext } from '../config/source-context.ts'

/** `/user/<id>/branch/<escaped branch>`: the runs of which one runs at a time (spec/runconfig.md 4). `base` is `/user/<id>` or `/project/<id>`. */
export function runGroup(
  base: string,
  source: Pick<SourceContext, 'refType' | 'branch' | 'tag' | 'pullRequestId'>,
): string {
  switch (source.refType) {
    case 'branch':
      return `${base}/branch/${escapeGroupName(source.branch)}`
    case 'tag':
      return `${base}/tag/${escapeGroupName(source.tag)}`
    case 'pull_request':
      return `${base}/pr/${escapeGroupName(source.pullRequestId)}`
  }
}

/** One element of a path, as Go's url.PathEscape makes it. A name of dots alone would be taken for a directory, so they are escaped too. */
export function escapeGroupName(name: string): string {
  if (/^\.{1,2}$/.test(name)) return name.replaceAll('.', '%2E')
  return encodeURIComponent(name.toWellFormed()).replace(/%(24|26|2B|3A|3D|40)|[!'()*]/g, (escaped) => {
    if (escaped.length === 3) return decodeURIComponent(escaped)
    return `%${escaped.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
