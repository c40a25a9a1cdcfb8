import { commands } from './commands.ts'

/** The classes of all commands by id, for what has to know them all: help, the search for a mistyped command, the manifest. */
export const COMMANDS = Object.fromEntries(
  await Promise.all(Object.entries(commands).map(async ([id, load]) => [id, (await load()).default] as const)),
)
