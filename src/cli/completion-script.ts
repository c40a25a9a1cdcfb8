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
  /** The values of its first argument, where they are a fixed set. */
  argumentOptions?: readonly string[] | undefined
}

export const completionShells = ['bash', 'zsh', 'fish'] as const
export type CompletionShell = (typeof completionShells)[number]

/** A script for the shell's start file that completes commands, flags and the values of flags that have a fixed set. */
export function completionScript(shell: CompletionShell, bin: string, commands: readonly CompletableCommand[]): string {
  if (shell === 'fish') return fishScript(bin, commands)
  const script = bashScript(bin, commands)
  return shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`
}

/** A command is the longest that its words name: what follows are arguments and values of flags. `=` ends a word in bash and in zsh does not. */
function bashScript(bin: string, commands: readonly CompletableCommand[]): string {
  const cases = (lines: (readonly [string, readonly string[]])[]) =>
    lines.map(([label, words]) => `    ${label}) words='${words.join(' ')}' ;;`).join('\n')
  const flags = cases(commands.map(({ words, flags }) => [quoted(words), flags.flatMap(flagWords)]))
  const values = cases(
    commands.flatMap(({ words, flags }) =>
      flags.filter(hasOptions).map((flag) => [quoted(`${words} --${flag.name}`), flag.options ?? []] as const),
    ),
  )
  const next = cases([...followingWords(commands)].map(([prefix, words]) => [quoted(prefix), words]))
  return `# ${bin}: load it with  source <(${bin} completion bash)
_${bin}_complete() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' length=0 before='' word words=''
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    case "\${command:+$command }$word" in
    ${beginnings(commands).map(quoted).join('|')}) command="\${command:+$command }$word" length=$((length+1)) ;;
    *) break ;;
    esac
  done
  if [[ "$current" == '=' ]]; then
    current=''
  elif [[ "$previous" == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  elif [[ "$current" == --*=* ]]; then
    previous="\${current%%=*}" current="\${current#*=}"
    before="$previous="
  fi
  case "$command $previous" in
${values}
  esac
  if [ -z "$words" ] && [ -z "$before" ]; then
    if [[ "$current" == -* ]]; then
      case "$command" in
${flags}
      esac
    elif [ "$COMP_CWORD" -eq $((length+1)) ]; then
      case "$command" in
${next}
      esac
    fi
  fi
  COMPREPLY=($(compgen -P "$before" -W "$words" -- "$current"))
}
complete -o default -F _${bin}_complete ${bin}
`
}

/** `__${bin}_at`: flags of that command may come. `__${bin}_ends`: nothing has come behind the command yet. */
function fishScript(bin: string, commands: readonly CompletableCommand[]): string {
  const lines = [
    `# ${bin}: load it with  ${bin} completion fish | source`,
    `function __${bin}_words
  set -l words (commandline -opc)
  set -e words[1]
  set -l command
  for word in $words
    contains -- (string join ' ' -- $command $word) ${beginnings(commands).map(quoted).join(' ')}; or break
    set -a command $word
  end
  string join ' ' -- $command
  test (count $words) -eq (count $command)
end
function __${bin}_at
  set -l command (__${bin}_words)
  test "$command" = "$argv"
end
function __${bin}_ends
  set -l command (__${bin}_words); and test "$command" = "$argv"
end`,
    `complete -c ${bin} -f`,
  ]
  for (const [prefix, words] of followingWords(commands)) {
    const condition = `__${bin}_ends ${prefix}`.trim()
    for (const word of words) {
      const summary = commands.find((command) => command.words === `${prefix} ${word}`.trim())?.summary ?? ''
      lines.push(`complete -c ${bin} -n ${quoted(condition)} -a ${quoted(word)} -d ${quoted(summary)}`)
    }
  }
  for (const { words, flags } of commands) {
    for (const flag of flags) {
      const parts = [`complete -c ${bin} -n ${quoted(`__${bin}_at ${words}`)} -l ${flag.name}`]
      if (flag.char !== undefined) parts.push(`-s ${flag.char}`)
      if (!flag.boolean) parts.push(flag.options === undefined ? '-r -F' : `-x -a ${quoted(flag.options.join(' '))}`)
      lines.push(`${parts.join(' ')} -d ${quoted(flag.summary)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** What may stand behind a command or the beginning of one: its next words, or the values of its first argument. */
function followingWords(commands: readonly CompletableCommand[]): Map<string, readonly string[]> {
  const following = new Map<string, readonly string[]>(nextWords(commands))
  for (const { words, argumentOptions } of commands)
    if (argumentOptions !== undefined && !following.has(words)) following.set(words, argumentOptions)
  return following
}

/** All commands and their beginnings. */
function beginnings(commands: readonly CompletableCommand[]): string[] {
  return [...nextWords(commands)].flatMap(([prefix, words]) => words.map((word) => `${prefix} ${word}`.trim()))
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

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
