/** Who has to act on an error, and how it is reported on the wire and by the process (design: errors). */
export type ErrorKind =
  | 'badrequest'
  | 'unauthorized'
  | 'forbidden'
  | 'notexist'
  | 'conflict'
  | 'unavailable'
  | 'internal'

/** Every code that the engine raises, with its kind. The documentation page of errors is compared with this table by a test. */
export const errorCodes = {
  // What the user wrote.
  commandUnknown: 'badrequest',
  flagConflict: 'badrequest',
  flagInvalid: 'badrequest',
  configInvalid: 'badrequest',
  configNotFound: 'badrequest',
  notAGitRepository: 'badrequest',
  snapshotFailed: 'badrequest',
  variableInvalid: 'badrequest',
  invalidRunGroup: 'badrequest',
  invalidRunNumber: 'badrequest',
  invalidLimit: 'badrequest',
  runCannotBeRestarted: 'badrequest',
  runTaskNotWaitingApproval: 'badrequest',
  runTaskAlreadyApproved: 'badrequest',
  runWrongPhase: 'badrequest',
  taskNotPaused: 'badrequest',
  cacheKeyInvalid: 'badrequest',
  templateInvalid: 'badrequest',
  patternInvalid: 'badrequest',
  archiveInvalid: 'badrequest',
  imageInvalid: 'badrequest',
  privilegedNotAllowed: 'forbidden',
  workingDirUnusable: 'badrequest',
  objectKeyInvalid: 'badrequest',
  objectSourceShort: 'badrequest',
  keyInvalid: 'badrequest',
  tooLarge: 'badrequest',
  notInMaintenance: 'badrequest',
  importInvalid: 'badrequest',
  // What is not there.
  runDoesNotExist: 'notexist',
  runTaskDoesNotExist: 'notexist',
  runTaskStepDoesNotExist: 'notexist',
  logDoesNotExist: 'notexist',
  archiveDoesNotExist: 'notexist',
  cacheDoesNotExist: 'notexist',
  objectDoesNotExist: 'notexist',
  executorTaskDoesNotExist: 'notexist',
  executorDoesNotExist: 'notexist',
  podDoesNotExist: 'notexist',
  dataDoesNotExist: 'notexist',
  // Somebody else was faster.
  concurrentUpdate: 'conflict',
  changeGroupUpdated: 'conflict',
  objectExists: 'conflict',
  // What we depend on does not answer or refuses.
  driverUnreachable: 'unavailable',
  driverTooOld: 'unavailable',
  driverFailed: 'unavailable',
  podStartTimedOut: 'unavailable',
  imageUnavailable: 'unavailable',
  storeUnreachable: 'unavailable',
  storeUnusable: 'unavailable',
  storeClosed: 'unavailable',
  outcomeUnknown: 'unavailable',
  leaseLost: 'unavailable',
  revisionCompacted: 'unavailable',
  revisionInFuture: 'unavailable',
  noDataStatus: 'unavailable',
  notReady: 'unavailable',
  inMaintenance: 'unavailable',
  diskFull: 'unavailable',
  storeFull: 'unavailable',
  outputFailed: 'unavailable',
  gitFailed: 'unavailable',
  watchFailed: 'unavailable',
  // Our own mistakes.
  assertionFailed: 'internal',
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCodes

export interface AgolaErrorOptions {
  /** Facts for programs: survives JSON. */
  details?: Record<string, unknown>
  cause?: unknown
}

/** The only error class of the engine. Callers test `kind` or `code`, never the text, and never `instanceof` across the wire. */
export class AgolaError extends Error {
  override readonly name = 'AgolaError'
  readonly kind: ErrorKind
  readonly code: ErrorCode
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: AgolaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.kind = errorCodes[code]
    this.details = options.details ?? {}
  }
}

/** Whether `error` is, or was caused by, an AgolaError with one of these codes. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof AgolaError && codes.includes(current.code)) return true
  }
  return false
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
