import type { Clock } from '../ports/clock.ts'
import type { Pod, PodEnd } from '../ports/pod-driver.ts'
import { withinTime } from '../std/alarm.ts'

/** The engine's events about a dead container may come a moment after its commands have ended. */
const podEndMsMax = 1_000

/** How the main container ended, once that is known; undefined when no news of an end comes. */
export async function endOfPod(pod: Pod, clock: Clock): Promise<PodEnd | undefined> {
  return (await withinTime(pod.ended, clock, podEndMsMax)) ?? undefined
}

export function describePodEnd(end: PodEnd): string {
  switch (end.reason) {
    case 'outOfMemory':
      return 'main container ended (out of memory)'
    case 'removed':
      return 'main container ended (removed from outside)'
    case 'lost':
      return 'main container ended (connection to the container engine lost)'
    case 'exited':
      return `main container ended (${end.exitCode === null ? 'by itself' : `exit code ${end.exitCode}`})`
  }
}
