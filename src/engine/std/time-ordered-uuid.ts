/** A uuid of version 7 (RFC 9562): the text order of such ids is the order of their milliseconds. What is random in it comes from
 *  `uuid`, a random one. For ids under which much is stored for ever: neighbours in time are then neighbours in the store. */
export function timeOrderedUuid(nowMs: number, uuid: string): string {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`
}
