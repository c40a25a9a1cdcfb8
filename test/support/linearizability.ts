/** One call of a client, as the client saw it. Times come from one clock. */
export interface Operation<Input, Output> {
  start: number
  /** Infinity for a call whose outcome is unknown: it may take effect at any time after its start, or never. */
  end: number
  input: Input
  output: Output | undefined
}

export interface SequentialModel<State, Input, Output> {
  initial: State
  apply(state: State, input: Input): { state: State; output: Output }
  /** Equal states have equal prints. */
  fingerprint(state: State): string
  isSame(actual: Output, expected: Output): boolean
}

/** Whether some order of the operations explains all answers, in which none comes before another that had ended when it started.
 *  The search of Wing and Gong, remembering which sets of operations led to which state in vain. Up to about 200 operations. */
export function isLinearizable<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const operations = [...history].sort((a, b) => a.start - b.start)
  const known = operations.reduce((set, { output }, index) => (output === undefined ? set : set | bit(index)), 0n)
  const inVain = new Set<string>()

  const search = (done: bigint, state: State): boolean => {
    if ((done & known) === known) return true
    const memo = `${done.toString(36)} ${model.fingerprint(state)}`
    if (inVain.has(memo)) return false
    const pending = operations
      .map((operation, index) => ({ operation, index }))
      .filter(({ index }) => !(done & bit(index)))
    const firstEnd = Math.min(...pending.map(({ operation }) => operation.end))
    for (const { operation, index } of pending) {
      if (operation.start > firstEnd) break
      const next = model.apply(state, operation.input)
      const isPossible = operation.output === undefined || model.isSame(operation.output, next.output)
      if (isPossible && search(done | bit(index), next.state)) return true
    }
    inVain.add(memo)
    return false
  }
  return search(0n, model.initial)
}

function bit(index: number): bigint {
  return 1n << BigInt(index)
}
