/** Last argument of every port method that may wait. Aborting stops the call, not the thing that the call started. */
export interface CallOptions {
  signal?: AbortSignal | undefined
}
