export interface CompletableFlag {
  name: string
  char?: string | undefined
  summary: string
  /** Takes no value. */
  boolean: boolean
  options?: readonly string[] | undefined
}

export interface CompletableCommand {
  /** `directrun start` */
  words: string
  summary: string
  flags: CompletableFlag[]
}

export const completionShells = ['bash', 'zsh', 'fish'] as const
export type CompletionShell = (typeof completionShells)[number]

/** A script for the shell's start file that completes commands, flags and the values of flags that have a fixed set. */
export function completionScript(shell: CompletionShell, bin: string, commands: readonly CompletableCommand[]): string {
  if (shell === 'fish') return fishScript(bin, commands)
  const script = bashScript(bin, commands)
  return shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`
}

function bashScript(bin: string, commands: readonly CompletableCommand[]): string {
  const cases = (lines: (readonly [string, readonly string[]])[]) =>
    lines.map(([label, words]) => `    ${label}) words='${words.join(' ')}' ;;`).join('\n')
  const flags = cases(commands.map(({ words, flags }) => [quoted(words), flags.flatMap(flagWords)]))
  const values = cases(
    commands.flatMap(({ words, flags }) =>
      flags.filter(hasOptions).map((flag) => [quoted(`${words} --${flag.name}`), flag.options ?? []] as const),
    ),
  )
  const next = cases([...nextWords(commands)].map(([prefix, words]) => [quoted(prefix), words]))
  return `# ${bin}: load it with  source <(${bin} completion bash)
_${bin}_complete() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; *) command="\${command:+$command }$word" ;; esac
  done
  case "$command $previous" in
${values}
  esac
  if [ -z "$words" ]; then
    if [[ "$current" == -* ]]; then
      case "$command" in
${flags}
      esac
    else
      case "$command" in
${next}
      esac
    fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${bin}_complete ${bin}
`
}

function fishScript(bin: string, commands: readonly CompletableCommand[]): string {
  const lines = [`# ${bin}: load it with  ${bin} completion fish | source`, `complete -c ${bin} -f`]
  for (const [prefix, words] of nextWords(commands)) {
    const condition = prefix === '' ? '__fish_use_subcommand' : seen(prefix)
    for (const word of words) {
      const summary = commands.find((command) => command.words === `${prefix} ${word}`.trim())?.summary ?? ''
      lines.push(`complete -c ${bin} -n ${quoted(condition)} -a ${quoted(word)} -d ${quoted(summary)}`)
    }
  }
  for (const { words, flags } of commands) {
    for (const flag of flags) {
      const parts = [`complete -c ${bin} -n ${quoted(seen(words))} -l ${flag.name}`]
      if (flag.char !== undefined) parts.push(`-s ${flag.char}`)
      if (!flag.boolean) parts.push(flag.options === undefined ? '-r' : `-x -a ${quoted(flag.options.join(' '))}`)
      lines.push(`${parts.join(' ')} -d ${quoted(flag.summary)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** For every beginning of a command, the words that may follow it. */
function nextWords(commands: readonly CompletableCommand[]): Map<string, string[]> {
  const next = new Map<string, string[]>()
  for (const { words } of commands) {
    const parts = words.split(' ')
    for (const [index, part] of parts.entries()) {
      const prefix = parts.slice(0, index).join(' ')
      const known = next.get(prefix) ?? []
      if (!known.includes(part)) known.push(part)
      next.set(prefix, known)
    }
  }
  return next
}

function flagWords(flag: CompletableFlag): string[] {
  return flag.char === undefined ? [`--${flag.name}`] : [`--${flag.name}`, `-${flag.char}`]
}

function hasOptions(flag: CompletableFlag): boolean {
  return flag.options !== undefined
}

function seen(words: string): string {
  return words
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
