import * as Flags from '@oclif/core/flags'
import type { ExecutionFlags } from './direct-run.ts'
import { outputFlag } from './flags.ts'

/** Flags of the commands that run something here. */
export const executionFlagSet = {
  var: Flags.string({
    summary: 'variable NAME=VALUE, or NAME from the environment; repeatable',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'VARIABLES',
  }),
  'var-file': Flags.string({
    summary: 'YAML, JSON or .env file of variables; repeatable, later ones win',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'VARIABLES',
  }),
  secret: Flags.string({
    summary: 'as --var, and masked wherever it would show',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'VARIABLES',
  }),
  'secret-file': Flags.string({
    summary: 'as --var-file, and masked',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'VARIABLES',
  }),
  'runtime-masks': Flags.boolean({
    summary: "a line ::agola-add-mask::VALUE of a step's output masks VALUE from then on, and is not shown",
    allowNo: true,
    helpGroup: 'VARIABLES',
  }),
  driver: Flags.option({
    options: ['auto', 'docker', 'host'] as const,
    default: 'auto' as const,
    summary: 'where steps run: containers, or plain processes without images',
    helpGroup: 'ENGINE',
  })(),
  'max-tasks': Flags.integer({
    summary: 'tasks at the same time (default: half the processors, at least 2)',
    min: 1,
    helpGroup: 'ENGINE',
  }),
  pull: Flags.option({
    options: ['always', 'missing', 'never'] as const,
    default: 'missing' as const,
    summary: 'when to pull images',
    helpGroup: 'ENGINE',
  })(),
  'tools-image': Flags.string({
    summary: 'image that holds a static busybox',
    helpGroup: 'ENGINE',
  }),
  'allow-privileged': Flags.boolean({
    summary: 'allow privileged containers',
    allowNo: true,
    helpGroup: 'ENGINE',
  }),
  timeout: Flags.string({
    summary: 'stop everything after this time, such as 30m',
    helpGroup: 'ENGINE',
  }),
  grace: Flags.string({
    summary: 'time that a stopped step gets before it is killed',
    default: '10s',
    helpGroup: 'ENGINE',
  }),
  'arch-mismatch': Flags.option({
    options: ['emulate', 'skip', 'fail'] as const,
    default: 'emulate' as const,
    summary: "what becomes of tasks for other processors than the engine's: emulated where it can, skipped, or failed",
    helpGroup: 'ENGINE',
  })(),
  'on-failure': Flags.option({
    options: ['stop', 'pause', 'shell'] as const,
    default: 'stop' as const,
    summary: 'a failing step fails its task, or is paused with its pod kept, or paused with a shell opened',
    helpGroup: 'ENGINE',
  })(),
  keep: Flags.option({
    options: ['never', 'failed', 'always'] as const,
    default: 'never' as const,
    summary: 'keep pods of tasks that failed, or of all, for an hour to look into; agola clean --kept removes them',
    helpGroup: 'ENGINE',
  })(),
  'pause-expiry': Flags.string({
    summary: 'time after which the failure of a paused step stands',
    default: '1h',
    helpGroup: 'ENGINE',
  }),
  approve: Flags.string({
    summary: 'approve this task when it asks; repeatable',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: 'APPROVAL',
  }),
  'approve-all': Flags.boolean({ summary: 'approve every task that asks', allowNo: true, helpGroup: 'APPROVAL' }),
  report: Flags.string({
    summary: 'write a report at the end: junit=FILE, html=FILE or trace=FILE; repeatable',
    multiple: true,
    multipleNonGreedy: true,
  }),
  quiet: Flags.boolean({ char: 'q', summary: 'no output of steps that succeed', allowNo: true }),
  screen: Flags.boolean({
    summary: 'follow runs on a screen where the terminal can (default), or in lines',
    default: true,
    allowNo: true,
  }),
  color: Flags.boolean({ summary: 'colours (default: on a terminal, unless NO_COLOR is set)', allowNo: true }),
  output: outputFlag(),
  debug: Flags.boolean({ summary: "the engine's own log on stderr", allowNo: true, env: 'AGOLA_DEBUG' }),
}

/** What oclif makes of them. */
export interface ParsedExecutionFlags {
  var: string[] | undefined
  'var-file': string[] | undefined
  secret: string[] | undefined
  'secret-file': string[] | undefined
  'runtime-masks': boolean
  driver: 'auto' | 'docker' | 'host'
  'max-tasks': number | undefined
  pull: 'always' | 'missing' | 'never'
  'tools-image': string | undefined
  'allow-privileged': boolean
  timeout: string | undefined
  grace: string
  'arch-mismatch': 'emulate' | 'skip' | 'fail'
  'on-failure': 'stop' | 'pause' | 'shell'
  'pause-expiry': string
  keep: 'never' | 'failed' | 'always'
  approve: string[] | undefined
  'approve-all': boolean
  report: string[] | undefined
  quiet: boolean
  screen: boolean
  color: boolean | undefined
  output: 'text' | 'json' | 'ndjson'
  debug: boolean
}

export function executionFlags(flags: ParsedExecutionFlags): ExecutionFlags {
  return {
    directory: process.cwd(),
    environment: process.env,
    variables: {
      variables: flags.var ?? [],
      variableFiles: flags['var-file'] ?? [],
      secrets: flags.secret ?? [],
      secretFiles: flags['secret-file'] ?? [],
    },
    engine: {
      driver: flags.driver,
      tasksMax: flags['max-tasks'],
      pull: flags.pull,
      toolsImage: flags['tools-image'],
      allowPrivileged: flags['allow-privileged'],
      grace: flags.grace,
      archMismatch: flags['arch-mismatch'],
      runtimeMasks: flags['runtime-masks'],
      keep: flags.keep,
    },
    failure: { policy: flags['on-failure'], expiry: flags['pause-expiry'] },
    approval: { tasks: flags.approve ?? [], all: flags['approve-all'] },
    timeout: flags.timeout,
    reports: flags.report ?? [],
    view: { quiet: flags.quiet, color: flags.color, output: flags.output, debug: flags.debug, screen: flags.screen },
  }
}
