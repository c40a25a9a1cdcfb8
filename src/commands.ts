import Completion from './commands/completion.ts'
import ConfigGraph from './commands/config/graph.ts'
import ConfigRender from './commands/config/render.ts'
import ConfigSchema from './commands/config/schema.ts'
import ConfigValidate from './commands/config/validate.ts'
import DirectRunRestart from './commands/directrun/restart.ts'
import DirectRunStart from './commands/directrun/start.ts'
import Init from './commands/init.ts'
import Version from './commands/version.ts'

/** Every command by its id; `directrun:start` is `agola directrun start`. */
export const COMMANDS = {
  completion: Completion,
  'config:graph': ConfigGraph,
  'config:render': ConfigRender,
  'config:schema': ConfigSchema,
  'config:validate': ConfigValidate,
  'directrun:restart': DirectRunRestart,
  'directrun:start': DirectRunStart,
  init: Init,
  version: Version,
}
