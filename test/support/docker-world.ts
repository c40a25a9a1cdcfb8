import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { EngineClient } from '../../src/engine/adapters/drivers/docker/client.ts'
import { DockerDriver, type DockerDriverOptions } from '../../src/engine/adapters/drivers/docker/driver.ts'
import type { Engine } from '../../src/engine/adapters/drivers/docker/probe.ts'
import { defaultToolsSettings } from '../../src/engine/adapters/drivers/docker/tools-image.ts'
import { createLog, systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import type { ExecutorContainer } from '../../src/engine/model/executor-task.ts'
import type { ExecRequest, Pod, PodRequest } from '../../src/engine/ports/pod-driver.ts'
import type { TestEngine } from './docker-engine.ts'
import { TestImages } from './docker-images.ts'

/** A real engine with a group of its own in it: what tests of the Docker driver share. */
export interface DockerWorld {
  engine: Engine
  /** For what no driver does: looking at the engine's objects, removing them behind its back. */
  client: EngineClient
  images: TestImages
  groupId: string
  inNetwork: string[]
  createDriver: (options?: Partial<DockerDriverOptions>) => DockerDriver
  /** The main container of a pod, as the engine knows it, also of one that was removed and left its network. */
  mainOf: (podId: string) => Promise<{ containerId: string; networkMode: string }>
  /** Names of the containers and volumes of the group that exist. */
  leftovers: () => Promise<string[]>
  end: () => Promise<void>
}

export async function startDockerWorld(started: TestEngine): Promise<DockerWorld> {
  const { engine, inNetwork } = started
  const client = new EngineClient(engine)
  const images = new TestImages(engine)
  const groupId = randomUUID()
  const createDriver = (options: Partial<DockerDriverOptions> = {}) => aDockerDriver(engine, groupId, options)
  const mainOf = async (podId: string) => {
    const filters = { label: [`agola.io/podid=${podId}`, 'agola.io/containerindex=0'] }
    const [main] = (await client.json('GET', '/containers/json', { query: { all: true, filters } })) as {
      Id: string
      HostConfig: { NetworkMode: string }
    }[]
    if (main === undefined) throw new Error(`the pod ${podId} has no main container`)
    return { containerId: main.Id, networkMode: main.HostConfig.NetworkMode }
  }
  const leftovers = async () => {
    const filters = { label: [`agola.io/executorsgroupid=${groupId}`, 'agola.io/podid'] }
    const containers = (await client.json('GET', '/containers/json', { query: { all: true, filters } })) as {
      Names: string[]
    }[]
    const { Volumes } = (await client.json('GET', '/volumes', { query: { filters } })) as {
      Volumes: { Name: string }[] | null
    }
    return [...containers.map(({ Names }) => String(Names[0])), ...(Volumes ?? []).map(({ Name }) => Name)]
  }
  const end = async () => {
    const driver = createDriver()
    for (const { podId } of await driver.listPods()) await driver.removePod(podId)
    await driver.close()
    await removeToolsOf(client, groupId)
    await images.removeAll()
    await started.end()
  }
  return { engine, client, images, groupId, inNetwork, createDriver, mainOf, leftovers, end }
}

/** Tools volumes are shared; those that this group made go with it, unless somebody uses them meanwhile. */
async function removeToolsOf(client: EngineClient, groupId: string): Promise<void> {
  const filters = { label: [`agola.io/executorsgroupid=${groupId}`] }
  const { Volumes } = (await client.json('GET', '/volumes', { query: { filters } })) as {
    Volumes: { Name: string }[] | null
  }
  for (const { Name } of Volumes ?? []) await client.json('DELETE', `/volumes/${Name}`).catch(() => undefined)
}

/** A driver of local runs; `executorsGroupId` keeps its pods apart from those of others. */
export function aDockerDriver(
  engine: Engine,
  executorsGroupId: string,
  options: Partial<DockerDriverOptions> = {},
): DockerDriver {
  return new DockerDriver({
    engine,
    clock: systemClock,
    random: systemRandom,
    log: createLog('error', (line) => process.stderr.write(line)),
    owner: { executorsGroupId, mode: 'local' },
    privilegedContainers: false,
    tools: defaultToolsSettings,
    clientConfig: null,
    ...options,
  })
}

export function aContainer(image: string, overrides: Partial<ExecutorContainer> = {}): ExecutorContainer {
  return { image, environment: {}, user: '', privileged: false, entrypoint: '', volumes: [], ...overrides }
}

export function aPodRequest(containers: ExecutorContainer[], overrides: Partial<PodRequest> = {}): PodRequest {
  const ids = { podId: randomUUID(), taskId: 'task', executorId: 'executor' }
  return { ...ids, arch: '', containers, registriesAuth: {}, pull: 'missing', labels: {}, ...overrides }
}

export function anExecRequest(command: string[], overrides: Partial<ExecRequest> = {}): ExecRequest {
  const rest = { environment: {}, workingDir: '', user: '', tty: null, stdin: false, stdout: null, stderr: null }
  return { command, ...rest, ...overrides }
}

/** Runs a command to its end. */
export async function runIn(
  pod: Pod,
  command: string[],
  overrides: Partial<ExecRequest> = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [buffer(stdout), buffer(stderr)]
  const exec = await pod.exec(anExecRequest(command, { stdout, stderr, ...overrides }))
  const exitCode = await exec.wait().finally(() => {
    stdout.end()
    stderr.end()
  })
  return { exitCode, stdout: (await out).toString(), stderr: (await err).toString() }
}
