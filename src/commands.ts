import Version from './commands/version.ts'

/** Every command by its id; `directrun:start` is `agola directrun start`. */
export const COMMANDS = {
  version: Version,
}
