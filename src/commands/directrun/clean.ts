import Clean from '../clean.ts'

/** Beside the other verbs of direct runs, where people look for it too. */
export default class DirectRunClean extends Clean {}
