/** What Linux takes for one argument or variable, its end included: 32 pages. */
const stringBytesMax = 128 * 1024

/** What it takes for all of them, with the usual stack of 8 MiB; each also costs a pointer. */
const sumBytesMax = 2 * 1024 * 1024
const pointerBytes = 8

/** Why Linux would not start a command, in words for the user; null when it would. An engine says so in the words of a program that the
 *  user has not called, or not at all. Values are not told: they may be secret. */
export function whyTooLarge(environment: Readonly<Record<string, string>>, command: readonly string[]): string | null {
  let sumBytes = 0
  for (const [name, value] of Object.entries(environment)) {
    const bytes = Buffer.byteLength(`${name}=${value}`)
    if (bytes >= stringBytesMax) {
      return `the environment variable "${name}" has ${bytes} bytes with its name, more than the 128 KiB that Linux takes for one: hand it over in a file`
    }
    sumBytes += bytes + 1 + pointerBytes
  }
  const variablesBytes = sumBytes
  for (const argument of command) sumBytes += Buffer.byteLength(argument) + 1 + pointerBytes
  if (sumBytes <= sumBytesMax) return null
  return `the environment has ${variablesBytes} bytes, with its arguments the command ${sumBytes}, more than the 2 MiB that Linux takes: hand large values over in files`
}
