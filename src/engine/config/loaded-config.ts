import type { Evaluation, ImportFileAsync, ProgramOptions } from '../../jsonnet/evaluation.ts'
import type { Config } from './config.ts'
import type { ConfigProblem } from './problem.ts'
import type { SourceContext } from './source-context.ts'

/** The files of the commit that is built. Paths are relative to its root, with `/`. */
export interface ConfigTree {
  /** null: there is no such file, or it is a directory. Throws when it could not be read. */
  readFile(path: string): Promise<Uint8Array | null>
  /** Where a symbolic link at `path` points, as written in it; null when it is no link. Without it, links are not followed. */
  readLink?(path: string): Promise<string | null>
  /** Names in a directory, to tell what is there and cannot be read; empty when there is none. */
  listFiles?(directory: string): Promise<string[]>
}

/** Evaluates one Jsonnet program within limits of time and memory, away from this thread. */
export interface JsonnetEvaluator {
  evaluate(
    program: string,
    options: ProgramOptions & { importFile: ImportFileAsync; signal?: AbortSignal },
  ): Promise<Evaluation>
}

export interface LoadConfigOptions {
  /** What a Jsonnet config gets as `ctx`. */
  context: SourceContext
  /** The config to read, `.agola/config.yml`; the first of them unless told. */
  file?: string
  /** Asked for only when the config is Jsonnet. */
  jsonnet?: () => JsonnetEvaluator | Promise<JsonnetEvaluator>
  /** Unknown keys are errors. */
  strict?: boolean
  /** Largest config in bytes, of the file for YAML and JSON, of the JSON it evaluates to for Jsonnet; 1 MiB unless told. */
  bytesMax?: number
  signal?: AbortSignal
}

export interface LoadedConfig {
  /** The file that was chosen, `.agola/config.yml`. */
  file: string
  /** null as soon as one problem is an error. */
  config: Config | null
  /** All of them, in the order of the file. */
  problems: ConfigProblem[]
  /** Problems beyond the first thousand errors and the first thousand warnings are counted only. */
  moreProblems: number
  /** Errors among them. */
  moreErrors: number
  /** The evaluated document before it was checked, as `config render` prints it, copied at each access; undefined when there is none.
   *  Integers that a number cannot hold are bigints. */
  readonly value: unknown
  /** Texts of the files that problems point into, by name: what `formatProblems` takes excerpts from. */
  texts: Record<string, string>
}
