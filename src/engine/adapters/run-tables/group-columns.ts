/** The groups above a run's own by which tables find it: whatever is in or below a group has the same root and place as that group. */

/** null for a group above all roots. */
export function rootOf(group: string): string | null {
  return firstOf(group, 2)
}

/** null for a group of less than four elements, below which there are several places. */
export function placeOf(group: string): string | null {
  return firstOf(group, 4)
}

export function pathOf(group: string): string {
  return group.endsWith('/') ? group : `${group}/`
}

function firstOf(group: string, count: number): string | null {
  const elements = group.split('/').filter((element) => element !== '')
  return elements.length < count ? null : `/${elements.slice(0, count).join('/')}`
}
