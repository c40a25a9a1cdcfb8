import { AgolaError } from '../../../model/errors.ts'
import type { ExecutorContainer } from '../../../model/executor-task.ts'
import type { PodRequest } from '../../../ports/pod-driver.ts'
import { keeper, keeperStopSignal, sleeper } from './keeper.ts'
import { label, type PodOwner, podLabels } from './labels.ts'
import { toolsDir } from './toolbox.ts'

/** The body of `POST /containers/create` with its query. */
export interface ContainerSpec {
  query: { name: string; platform?: string }
  body: {
    Image: string
    User: string
    Env: string[]
    Labels: Record<string, string>
    Entrypoint?: string[]
    Cmd?: string[]
    StopSignal?: string
    OpenStdin: boolean
    StdinOnce: boolean
    AttachStdin: boolean
    Tty: boolean
    HostConfig: HostConfig
  }
}

interface HostConfig {
  AutoRemove: boolean
  Privileged: boolean
  NetworkMode?: string
  PidMode?: string
  Mounts: Mount[]
  LogConfig?: { Type: string; Config: Record<string, string> }
}

type Mount =
  | { Type: 'tmpfs'; Target: string; TmpfsOptions?: { SizeBytes: number } }
  | {
      Type: 'volume'
      Source: string
      Target: string
      ReadOnly: true
      VolumeOptions: { NoCopy: true; Labels: Record<string, string> }
    }

export interface ToolsMount {
  volume: string
  /** For an engine that has to make the volume itself. */
  labels: Record<string, string>
}

export interface SpecContext {
  owner: PodOwner
  nowMs: number
  tools: ToolsMount
  /** Services share the main container's processes too, and so end with it even when we are killed. */
  strictCleanup: boolean
  networkMode: string
  /** The pod may be asked to leave its network to another one. */
  leavesNetwork: boolean
  /** Random, one for each container. */
  names: string[]
}

/** All containers of a pod, the main one first (spec/executor.md 8, spec/local-runs.md 14.2). */
export function podSpec(request: PodRequest, context: SpecContext): ContainerSpec[] {
  const labels = podLabels(request, context.owner, context.nowMs)
  const platform = request.arch === '' ? {} : { platform: `linux/${request.arch}` }
  return request.containers.map((container, index) => {
    const name = context.names[index]
    if (name === undefined) throw new AgolaError('assertionFailed', `no name for container ${index}`)
    const ownLabels = { ...labels, [label.containerIndex]: String(index) }
    const spec =
      index === 0 ? mainBody(request, container, ownLabels, context) : serviceBody(container, ownLabels, context)
    return { query: { name, ...platform }, body: spec }
  })
}

function mainBody(
  request: PodRequest,
  container: ExecutorContainer,
  labels: Record<string, string>,
  { tools, nowMs, networkMode, leavesNetwork }: SpecContext,
): ContainerSpec['body'] {
  const entrypoint = words(container.entrypoint)
  const keepSeconds = request.keepUntil === undefined ? null : Math.ceil((request.keepUntil - nowMs) / 1000)
  // Its output comes over the connection that a pod of its own life has not.
  const opening = keepSeconds === null ? request.opening : undefined
  return {
    ...commonBody(container, labels),
    ...(entrypoint.length > 0
      ? { Entrypoint: entrypoint }
      : {
          Entrypoint: keepSeconds === null ? keeper(opening, { leavesNetwork }) : sleeper(keepSeconds),
          StopSignal: keeperStopSignal,
        }),
    Cmd: entrypoint.length > 0 ? [] : (opening?.parameters ?? []),
    OpenStdin: keepSeconds === null,
    StdinOnce: keepSeconds === null,
    AttachStdin: keepSeconds === null,
    HostConfig: {
      AutoRemove: keepSeconds === null,
      Privileged: container.privileged,
      ...(networkMode !== '' && { NetworkMode: networkMode }),
      Mounts: [
        ...tmpfsMounts(container),
        {
          Type: 'volume',
          Source: tools.volume,
          Target: toolsDir,
          ReadOnly: true,
          VolumeOptions: { NoCopy: true, Labels: tools.labels },
        },
      ],
      LogConfig: { Type: 'none', Config: {} },
    },
  }
}

function serviceBody(
  container: ExecutorContainer,
  labels: Record<string, string>,
  { names, strictCleanup }: SpecContext,
): ContainerSpec['body'] {
  const entrypoint = words(container.entrypoint)
  const main = `container:${names[0]}`
  return {
    ...commonBody(container, labels),
    ...(entrypoint.length > 0 && { Entrypoint: entrypoint, Cmd: [] }),
    HostConfig: {
      AutoRemove: false,
      Privileged: container.privileged,
      NetworkMode: main,
      ...(strictCleanup && { PidMode: main }),
      Mounts: tmpfsMounts(container),
    },
  }
}

function commonBody(container: ExecutorContainer, labels: Record<string, string>) {
  return {
    Image: container.image,
    User: container.user,
    Env: Object.entries(container.environment).map(([name, value]) => `${name}=${value}`),
    Labels: labels,
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    Tty: false,
  }
}

function tmpfsMounts(container: ExecutorContainer): Mount[] {
  return container.volumes.map(({ path, tmpfsSizeBytes }) => ({
    Type: 'tmpfs',
    Target: path,
    ...(tmpfsSizeBytes > 0 && { TmpfsOptions: { SizeBytes: tmpfsSizeBytes } }),
  }))
}

/** An entrypoint is split at single spaces, without quoting (spec/executor.md 8). */
function words(entrypoint: string): string[] {
  return entrypoint === '' ? [] : entrypoint.split(' ').filter((word) => word !== '')
}
