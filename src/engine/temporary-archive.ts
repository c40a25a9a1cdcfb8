import type { Run } from './model/run.ts'
import type { RunConfig } from './model/run-config.ts'
import type { RunArchive } from './runservice/run-archive.ts'
export class TemporaryArchive implements RunArchive {
  c = new Map<string, RunConfig>()
  r = new Map<string, Run>()
  async putRunConfig(c: RunConfig) {
    this.c.set(c.id, c)
  }
  async getRunConfig(id: string) {
    return this.c.get(id) ?? null
  }
  async deleteRunConfig(id: string) {
    this.c.delete(id)
  }
  async putRun(r: Run) {
    this.r.set(r.id, r)
  }
  async getRun(id: string) {
    return this.r.get(id) ?? null
  }
  async findRun(_: string, counter: number) {
    return [...this.r.values()].find((r) => r.counter === counter)?.id ?? null
  }
  async listRuns() {
    return { runs: [], more: false }
  }
}
