import type { ExecutionPhase, RunPhase, RunResult, RunTaskStatus } from '../engine/model/run.ts'
import type { RunView } from './run-view.ts'

/** What `--output json` prints once at the end. The names are a promise to scripts. */
export interface JsonResult {
  mode: 'local' | 'remote'
  repo_uuid: string
  commit: string
  ref: string
  exit_code: number
  runs: {
    number: number
    name: string
    phase: RunPhase
    result: RunResult
    tasks: {
      name: string
      status: RunTaskStatus
      timedout: boolean
      steps: { name: string; type: string; phase: ExecutionPhase; exit_status: number | null }[]
    }[]
  }[]
}

export interface InvocationFacts {
  mode: 'local' | 'remote'
  repoUuid: string
  commitSha: string
  ref: string
  exitCode: number
}

export function jsonResult(facts: InvocationFacts, runs: readonly RunView[]): JsonResult {
  return {
    mode: facts.mode,
    repo_uuid: facts.repoUuid,
    commit: facts.commitSha,
    ref: facts.ref,
    exit_code: facts.exitCode,
    runs: runs.map(({ number, name, phase, result, tasks }) => ({
      number,
      name,
      phase,
      result,
      tasks: tasks.map(({ name, status, timedout, steps }) => ({
        name,
        status,
        timedout,
        steps: steps.map(({ name, type, phase, exitStatus }) => ({ name, type, phase, exit_status: exitStatus })),
      })),
    })),
  }
}
