/** Whether the author of a commit wants no runs for it: the mark may stand anywhere in subject and body (spec/config.md 8.2). */
export function isCiSkipped(message: string): boolean {
  return message.includes('[ci skip]')
}
