import { beforeEach, expect, test } from 'vitest'
import {
  canLeaveNetwork,
  type HeldNetwork,
  PodNetworks,
} from '../../../../../src/engine/adapters/drivers/docker/pod-networks.ts'
import type { ExecutorContainer } from '../../../../../src/engine/model/executor-task.ts'
import type { PodRequest } from '../../../../../src/engine/ports/pod-driver.ts'
import { aContainer, aPodRequest } from '../../../../support/docker-world.ts'
import { SimClock } from '../../../../support/sim-clock.ts'

let clock: SimClock
let networks: PodNetworks
let released: string[]
let detached: string[]
beforeEach(() => {
  clock = new SimClock()
  networks = new PodNetworks(clock)
  released = []
  detached = []
})

const aNetwork = (containerId: string, ended: Promise<unknown> = new Promise(() => undefined)): HeldNetwork => ({
  containerId,
  ended,
  detach: () => {
    detached.push(containerId)
  },
  release: async () => {
    released.push(containerId)
  },
})

const leave = (containerId: string) => {
  const network = aNetwork(containerId)
  networks.leave()?.settle(network)
  return network
}

test.each<[string, boolean, Partial<ExecutorContainer>[], Partial<PodRequest>?]>([
  ['one container', true, [{}]],
  ['a privileged container', false, [{ privileged: true }]],
  ['a service', false, [{}, {}]],
  ['a first process of its own', false, [{ entrypoint: 'sh' }]],
  ['a file system in memory', false, [{ volumes: [{ path: '/tmp', tmpfsSizeBytes: 0 }] }]],
  ['a time for which it is kept', false, [{}], { keepUntil: 1 }],
])('whether a pod of, or with, %s can leave its network: %s', (_name, expected, containers, overrides) => {
  const opening = { script: ':', parameters: [] }
  const request = aPodRequest(
    containers.map((container) => aContainer('image', container)),
    { opening, ...overrides },
  )
  expect(canLeaveNetwork(request)).toBe(expected)
  const { opening: _, ...unheard } = request
  expect(canLeaveNetwork(unheard)).toBe(false)
})

test('a network goes from the pod that leaves it to the next that asks, and to no other', async () => {
  networks.expect(4)
  networks.pass()
  const network = leave('a')
  expect(networks.holds('a')).toBe(true)
  expect(await networks.take()).toBe(network)
  expect(await networks.take()).toBeNull()
  networks.leave()?.settle(network)
  expect(await networks.take()).toBe(network)
  expect(released).toEqual([])
})

test('nobody leaves a network that nobody is expected to want', () => {
  expect(networks.leave()).toBeNull()
  networks.expect(1)
  const leaving = networks.leave()
  expect(leaving).not.toBeNull()
  expect(networks.leave()).toBeNull()
  leaving?.settle(null)
  leave('a')
  expect(networks.leave()).toBeNull()
})

test('who asks while a network is being left waits for it, and has one of its own when that was for nothing', async () => {
  networks.expect(2)
  const leaving = [networks.leave(), networks.leave()]
  const [first, second] = [networks.take(), networks.take()]
  expect(await networks.take()).toBeNull()
  leaving[0]?.settle(null)
  const network = aNetwork('a')
  leaving[1]?.settle(network)
  expect(await first).toBe(network)
  expect(await second).toBeNull()
})

test('a network that fewer pods than expected will want is let go of at once', () => {
  networks.expect(2)
  leave('a')
  leave('b')
  networks.pass()
  expect(released).toHaveLength(1)
  networks.pass()
  expect(released).toHaveLength(2)
})

test('a network that nobody takes for a while, or whose container has ended, is let go of', async () => {
  networks.expect(9)
  leave('a')
  await clock.advance(1_999)
  expect(released).toEqual([])
  await clock.advance(1)
  expect(released).toEqual(['a'])
  const ended = Promise.withResolvers<void>()
  networks.leave()?.settle(aNetwork('b', ended.promise))
  ended.resolve()
  await ended.promise
  expect(released).toEqual(['a', 'b'])
  expect(await networks.take()).toBeNull()
})

test('a network in use is not let go of for its age', async () => {
  networks.expect(9)
  const network = leave('a')
  await networks.take()
  await clock.advance(60_000)
  expect(released).toEqual([])
  networks.end(network)
  expect(released).toEqual(['a'])
})

test('closing lets go of all that is free, and waits until it is gone', async () => {
  networks.expect(9)
  const gone = Promise.withResolvers<void>()
  networks.leave()?.settle({ ...aNetwork('a'), release: () => gone.promise })
  let isClosed = false
  const closing = networks.close().then(() => {
    isClosed = true
  })
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)
  expect(networks.holds('a')).toBe(true)
  gone.resolve()
  await closing
  expect(networks.holds('a')).toBe(false)
  expect(networks.leave()).toBeNull()
})

test('a network that is left while all is closed goes at once, and none is left afterwards', async () => {
  networks.expect(9)
  const leaving = networks.leave()
  await networks.close()
  leaving?.settle(aNetwork('a'))
  expect(released).toEqual(['a'])
  expect(networks.leave()).toBeNull()
})

test('closing leaves a network to the pod that is in it, and the process free to end', async () => {
  networks.expect(9)
  leave('a')
  await networks.take()
  await networks.close()
  expect(released).toEqual([])
  expect(detached).toEqual(['a'])
})
