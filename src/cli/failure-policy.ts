/** `stop` fails the task; `pause` keeps its pod until somebody decides; `shell` opens one in it besides, where there is a terminal. */
export type FailurePolicy = 'stop' | 'pause' | 'shell'
