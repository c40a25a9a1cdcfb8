import { setImmediate } from 'node:timers/promises'
import type { FakeBehaviour, FakeProcess } from '../support/fake-process.ts'

export interface Program {
  /** For a shell. */
  script: string
  /** The same for the driver that runs nothing. */
  fake: FakeBehaviour
}

const forever = () => new Promise<never>(() => undefined)

const say =
  (...words: string[]) =>
  async (process: FakeProcess) => {
    for (const word of words) await process.write(word)
  }

async function tellEnvironment(process: FakeProcess): Promise<void> {
  const { GREETING, SHARED, OWN } = process.environment
  await process.write(`${GREETING} ${SHARED} ${OWN} 1\n`)
}

/** The commands of the contract suite, each as a script for real shells and as a behaviour of the fake. */
export const programs = {
  succeed: { script: 'true', fake: () => 0 },
  exitSeven: { script: 'exit 7', fake: () => 7 },
  twoStreams: {
    script: 'echo out; echo err >&2',
    fake: async (process) => {
      await process.write('out\n')
      await process.writeError('err\n')
      return 0
    },
  },
  copyInput: {
    script: 'cat',
    fake: async (process) => {
      await process.write(await process.readStdin())
      return 0
    },
  },
  answerAfterInput: {
    script: 'echo $(cat | wc -c) bytes',
    fake: async (process) => {
      await process.write(`${(await process.readStdin()).length} bytes\n`)
      return 0
    },
  },
  tellEnvironment: {
    script: 'echo "$GREETING $SHARED $OWN $(env | grep -c ^SHARED=)"',
    fake: async (process) => {
      await tellEnvironment(process)
      return 0
    },
  },
  tellDirectory: {
    script: 'pwd',
    fake: async (process) => {
      await process.write(`${process.request.workingDir}\n`)
      return 0
    },
  },
  // A shell waits for its child before it heeds a signal, so that the child must get it too: the group is signalled.
  waitForever: {
    script: 'echo ready; sleep 1000; echo woken',
    fake: async (process) => {
      await process.write('ready\n')
      return forever()
    },
  },
  ignoreTerm: {
    script: "trap '' TERM INT; echo ready; sleep 1000",
    fake: async (process) => {
      process.trap(() => undefined)
      await process.write('ready\n')
      return forever()
    },
  },
  // A signal that comes just before a shell starts a child is heeded after the child: short ones make that harmless.
  trapTerm: {
    script: "trap 'echo cleaned >&2; exit 5' TERM; echo ready; while true; do sleep 0.1; done",
    fake: async (process) => {
      const signalled = process.nextSignal()
      await process.write('ready\n')
      await signalled
      await process.writeError('cleaned\n')
      return 5
    },
  },
  writeFourMegabytes: {
    script: 'head -c 4194304 /dev/zero',
    fake: async (process) => {
      for (let index = 0; index < 256; index++) await process.write(Buffer.alloc(16 << 10))
      return 0
    },
  },
  terminal: {
    script: "trap 'echo interrupted; exit 6' INT; echo out; echo err >&2; echo ready; while true; do sleep 1; done",
    fake: async (process) => {
      const signalled = process.nextSignal()
      await say('out\r\n', 'err\r\n', 'ready\r\n')(process)
      await signalled
      await process.write('interrupted\r\n')
      return 6
    },
  },
  useTools: {
    script: 'cd $(mktemp -d) && mkdir folder && echo x >folder/file && "$@" -c folder | "$@" -t',
    fake: async (process) => {
      await process.write('folder/\nfolder/file\n')
      return 0
    },
  },
  startSession: {
    script: 'setsid sleep 4321 & echo ready; wait',
    fake: async (process) => {
      await process.write('ready\n')
      return forever()
    },
  },
  // The pattern does not match itself. A moment may pass before the last process is gone.
  findSession: {
    script:
      'for i in 1 2 3 4 5 6 7 8 9 10; do grep -qs "sleep.432[1]" /proc/[0-9]*/cmdline || { echo none; exit; }; sleep 0.2; done; echo some',
    fake: async (process) => {
      await setImmediate()
      await process.write('none\n')
      return 0
    },
  },
  openByName: {
    script: 'echo out >/dev/stdout; echo err >/dev/stderr',
    fake: async (process) => {
      await process.write('out\n')
      await process.writeError('err\n')
      return 0
    },
  },
} satisfies Record<string, Program>

export type ProgramName = keyof typeof programs
