/** Where containers see the tools volume, read-only. */
export const toolsDir = '/mnt/agola'
export const busyboxPath = `${toolsDir}/busybox`

/** Path of an applet in every pod. */
export function toolbox(applet: string): string[] {
  return [busyboxPath, applet]
}
