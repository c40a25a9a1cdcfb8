import type { CloneStep, RunStep } from '../model/run-config.ts'

const cloneStepName = 'Clone repository and checkout code'

/** A clone step as a run step, for an executor that has no snapshot to copy (spec/runconfig.md 8). */
export function lowerCloneStep(step: CloneStep): RunStep {
  return {
    type: 'run',
    name: step.name === '' ? cloneStepName : step.name,
    command: cloneScript(step),
    environment: {},
    workingDir: '',
    shell: '',
    tty: true,
  }
}

/** POSIX shell that fetches the commit into the current, empty directory with the image's git and ssh. It relies on the shell's `-e`
 *  and may run twice in a container. Of an image's own `~/.ssh` it keeps the known hosts, and replaces the key and the settings. */
export function cloneScript({ depth, recurseSubmodules }: Pick<CloneStep, 'depth' | 'recurseSubmodules'>): string {
  const depthOption = depth > 0 ? ` --depth ${depth}` : ''
  const submodulesOption = recurseSubmodules ? ' --recurse-submodules' : ''
  return `${[
    'set -x',
    ...sshSetup,
    `git clone${depthOption}${submodulesOption} -- "$AGOLA_REPOSITORY_URL" .`,
    `git fetch${depthOption} -- origin "$AGOLA_GIT_REF"`,
    ...checkout(depthOption),
    // The clone prepared the submodules of the default branch; the wanted commit may have others.
    ...(recurseSubmodules ? ['git submodule update --init --recursive'] : []),
  ].join('\n')}\n`
}

const sshSetup = [
  'mkdir -p ~/.ssh',
  'chmod 0700 ~/.ssh',
  'touch ~/.ssh/id_rsa ~/.ssh/known_hosts ~/.ssh/config',
  'chmod 0600 ~/.ssh/id_rsa ~/.ssh/known_hosts ~/.ssh/config',
  'if [ -n "$AGOLA_SSHHOSTKEY" ]; then echo "$AGOLA_SSHHOSTKEY" >> ~/.ssh/known_hosts; fi',
  // Traced commands are printed: the key must not be one of their words.
  '{ set +x; } 2>/dev/null',
  'printf "%s\\n" "$AGOLA_SSHPRIVKEY" > ~/.ssh/id_rsa',
  'set -x',
  'STRICT_HOST_KEY_CHECKING=yes',
  'if [ -n "$AGOLA_SKIPSSHHOSTKEYCHECK" ]; then STRICT_HOST_KEY_CHECKING=no; fi',
  'cat > ~/.ssh/config <<EOF',
  'Host $AGOLA_GIT_HOST',
  '  HostName $AGOLA_GIT_HOST',
  '  Port $AGOLA_GIT_PORT',
  '  StrictHostKeyChecking $STRICT_HOST_KEY_CHECKING',
  '  PasswordAuthentication no',
  '  IgnoreUnknown PubkeyAcceptedKeyTypes,PubkeyAcceptedAlgorithms',
  '  PubkeyAcceptedKeyTypes +ssh-rsa',
  '  PubkeyAcceptedAlgorithms +ssh-rsa',
  'EOF',
]

// A ref that moved on may no longer lead to the commit, in particular with a depth: then the commit itself is asked for.
function checkout(depthOption: string): string[] {
  return [
    'if [ -n "$AGOLA_GIT_COMMITSHA" ]; then',
    '  if ! git cat-file -e "$AGOLA_GIT_COMMITSHA^{commit}" 2>/dev/null; then',
    `    git fetch${depthOption} -- origin "$AGOLA_GIT_COMMITSHA"`,
    '  fi',
    '  git checkout --detach "$AGOLA_GIT_COMMITSHA"',
    'else',
    '  git checkout --detach FETCH_HEAD',
    'fi',
  ]
}
