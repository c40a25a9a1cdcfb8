import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** What a local run has to do before people can trust it, and the tests that show it: by file below `test`, with their titles. */
const rows: Record<string, Record<string, string[]>> = {
  '1 snapshots of every state of a repository, which stays as it was': {
    'engine/snapshot/snapshot-matrix.test.ts': ['%s: is the work tree, and changes nothing'],
    'engine/snapshot/take-snapshot.test.ts': [
      'refs, status, objects, the index file and its times do not change; only the id is added to the config',
    ],
  },
  '2 parallel clones see one tree, whatever happens on the host': {
    'e2e/containers.docker.test.ts': [
      'gives two parallel tasks the same tree, whatever happens to the files meanwhile',
    ],
  },
  '3 users who are not root, and read-only directories': {
    'e2e/containers.docker.test.ts': [
      'clones, saves, restores and caches as a user who is not root, read-only directories included',
    ],
  },
  '4 a working directory on tmpfs': {
    'e2e/containers.docker.test.ts': ['works in a working directory on a tmpfs'],
  },
  '5 an image without shell, tar and git': {
    'e2e/containers.docker.test.ts': ['sets up an image without a shell, in which only a run step fails'],
  },
  '6 SIGKILL: nothing goes on, the next start takes the rest away, the run is interrupted and can be run again': {
    'e2e/interrupt.docker.test.ts': [
      'leaves nothing running when it is killed, and the next start takes away the rest',
      'runs what was interrupted again, without what had succeeded',
    ],
    'e2e/kill-rounds.docker.test.ts': [
      'is killed at ten random moments, and each time the next start leaves nothing and runs the run again',
    ],
  },
  '7 Ctrl-C once, twice, and during a pull': {
    'e2e/interrupt.docker.test.ts': [
      'lets a step end by itself after one Ctrl-C (terminal: %s)',
      'kills what does not listen after the second Ctrl-C',
      'stops while an image is being pulled',
      'stops what is still being set up',
    ],
  },
  '8 two terminals: one cache, different numbers, each with its own pods': {
    'e2e/interrupt.docker.test.ts': ['leaves the pods of other terminals alone, whoever dies'],
  },
  '9 a machine that slept': {
    'e2e/interrupt.docker.test.ts': ['leaves the pods of a terminal alone that sleeps for an hour'],
  },
  '10 masking': {
    'property/mask.test.ts': ['a secret that is cut at every place is masked', 'no spelling of a secret remains'],
    'e2e/containers.docker.test.ts': ['shows no secret anywhere, however a step prints it'],
  },
  '11 approvals': {
    'e2e/approvals.test.ts': [
      'are asked for on the terminal, and recorded',
      'are asked for on the terminal, never on a standard input that is something else',
      'that nobody can give stop the run once nothing else can go on, and say which flag gives them',
      'given by flags are not asked for',
      'that come from a second terminal take the question back',
      'end with the run on Ctrl-C at the question',
      'are cleared when the run is stopped, at the question or in another terminal',
    ],
  },
  '12 exit codes': {
    'cli/exit-code.test.ts': [
      '%s ends with the right code',
      '%s ends with code %i',
      'signals end with 128 plus their number',
    ],
    'e2e/directrun.test.ts': ['ends after %s with the right code'],
    'e2e/interrupt.docker.test.ts': ['ends after %s, even when a step does not listen'],
  },
  '13 a restart from the failed tasks': {
    'e2e/restart.test.ts': [
      'runs only what failed and what depends on it, on the workspaces and the tree of then',
      'is refused when the workspace of a task that would be kept has been pruned, and one from the start is not',
    ],
  },
  '14 caches': {
    'e2e/caches.test.ts': [
      'are found by the newest that begins with the key, and never change',
      'may have keys of 200 characters with their prefix, and no longer ones',
    ],
    'engine/runservice/caches-in-use.test.ts': [
      'is read to its end',
      'is extracted whole, though an archive is read twice',
    ],
  },
  '15 events for programs': {
    'e2e/directrun.test.ts': [
      'gives each event of --output ndjson exactly its fields, and no colours',
      'prints one object at the end with --output json',
    ],
  },
  '16 the same on a server and locally': {
    'e2e/local-and-served.test.ts': [
      'gives equal task results, step exit codes, workspaces and caches on a server and locally',
    ],
  },
}

const test = fileURLToPath(new URL('..', import.meta.url))

describe.each(Object.entries(rows))('row %s', (_, places) => {
  it.each(Object.entries(places))('is shown by %s', async (file, titles) => {
    const source = await readFile(`${test}${file}`, 'utf8')
    expect(titles.filter((title) => !source.includes(`'${title}'`))).toEqual([])
  })
})
