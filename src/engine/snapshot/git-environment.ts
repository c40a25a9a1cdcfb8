/** Variables of git that a person sets for the whole session. All others (GIT_DIR, GIT_INDEX_FILE, …) come from a hook or an
 *  alias that called us and would point git at another repository or index. */
const keptVariables =
  /^GIT_(SSL_\w+|HTTP_\w+|SSH|SSH_COMMAND|SSH_VARIANT|PROXY_COMMAND|ALLOW_PROTOCOL|PROTOCOL_FROM_USER|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+|EXEC_PATH|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM)$/

/** The environment for git: never asks anybody, answers in English, takes no lock that is not needed. */
export function gitEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const cleaned: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || (/^GIT_/i.test(name) && !keptVariables.test(name))) continue
    cleaned[name] = value
  }
  return {
    ...cleaned,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '0',
    LC_ALL: 'C',
  }
}

/** Settings that win over every git config file: no hook and no monitor runs because a snapshot is taken, and the index
 *  stays one plain file that can be copied. */
export const gitOverrides: readonly string[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.splitIndex', 'false'],
  ['core.untrackedCache', 'false'],
  ['core.quotePath', 'false'],
  ['core.safecrlf', 'false'],
  ['index.sparse', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.addEmbeddedRepo', 'false'],
  ['color.ui', 'false'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`])
