import fc from 'fast-check'

// A mutant is judged by the same examples each time, so that a score can be compared with the last one. One example that fails is
// enough, so none is made smaller, and what thirty do not show is left to the cases.
fc.configureGlobal({ seed: 1, numRuns: 30, endOnFailure: true })
