import CacheExplain from './commands/cache/explain.ts'
import CacheList from './commands/cache/list.ts'
import CachePrune from './commands/cache/prune.ts'
import CacheRm from './commands/cache/rm.ts'
import Clean from './commands/clean.ts'
import Completion from './commands/completion.ts'
import ConfigGraph from './commands/config/graph.ts'
import ConfigRender from './commands/config/render.ts'
import ConfigSchema from './commands/config/schema.ts'
import ConfigValidate from './commands/config/validate.ts'
import DirectRunApprove from './commands/directrun/approve.ts'
import DirectRunClean from './commands/directrun/clean.ts'
import DirectRunContinue from './commands/directrun/continue.ts'
import DirectRunInspect from './commands/directrun/inspect.ts'
import DirectRunList from './commands/directrun/list.ts'
import DirectRunLogs from './commands/directrun/logs.ts'
import DirectRunRestart from './commands/directrun/restart.ts'
import DirectRunRetry from './commands/directrun/retry.ts'
import DirectRunShell from './commands/directrun/shell.ts'
import DirectRunSkip from './commands/directrun/skip.ts'
import DirectRunStart from './commands/directrun/start.ts'
import DirectRunStop from './commands/directrun/stop.ts'
import DirectRunWait from './commands/directrun/wait.ts'
import Doctor from './commands/doctor.ts'
import Export from './commands/export.ts'
import Import from './commands/import.ts'
import Init from './commands/init.ts'
import MaintenanceDisable from './commands/maintenance/disable.ts'
import MaintenanceEnable from './commands/maintenance/enable.ts'
import MaintenanceStatus from './commands/maintenance/status.ts'
import Version from './commands/version.ts'

/** Every command by its id; `directrun:start` is `agola directrun start`. */
export const COMMANDS = {
  'cache:explain': CacheExplain,
  'cache:list': CacheList,
  'cache:prune': CachePrune,
  'cache:rm': CacheRm,
  clean: Clean,
  completion: Completion,
  'config:graph': ConfigGraph,
  'config:render': ConfigRender,
  'config:schema': ConfigSchema,
  'config:validate': ConfigValidate,
  'directrun:approve': DirectRunApprove,
  'directrun:clean': DirectRunClean,
  'directrun:continue': DirectRunContinue,
  'directrun:inspect': DirectRunInspect,
  'directrun:list': DirectRunList,
  'directrun:logs': DirectRunLogs,
  'directrun:retry': DirectRunRetry,
  'directrun:shell': DirectRunShell,
  'directrun:skip': DirectRunSkip,
  'directrun:stop': DirectRunStop,
  'directrun:wait': DirectRunWait,
  'directrun:restart': DirectRunRestart,
  'directrun:start': DirectRunStart,
  doctor: Doctor,
  export: Export,
  import: Import,
  init: Init,
  'maintenance:disable': MaintenanceDisable,
  'maintenance:enable': MaintenanceEnable,
  'maintenance:status': MaintenanceStatus,
  version: Version,
}
