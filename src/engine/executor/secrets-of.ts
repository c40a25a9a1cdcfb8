import type { ExecutorTaskSpec } from '../model/executor-task.ts'

/** Every value of a task that no log may show: its secrets, registry credentials and the deploy key (spec/local-runs.md 7.3). */
export function secretsOf(spec: ExecutorTaskSpec): string[] {
  const secrets = [...spec.secretValues]
  for (const { type, username, password, auth } of Object.values(spec.dockerRegistriesAuth)) {
    if (type === 'encodedauth') {
      secrets.push(auth)
      const decoded = Buffer.from(auth, 'base64').toString()
      const colon = decoded.indexOf(':')
      if (colon !== -1) secrets.push(decoded.slice(colon + 1))
    } else {
      secrets.push(password, Buffer.from(`${username}:${password}`).toString('base64'))
    }
  }
  if (spec.environment.AGOLA_SSHPRIVKEY !== undefined) secrets.push(spec.environment.AGOLA_SSHPRIVKEY)
  return secrets
}
