import * as Flags from '@oclif/core/flags'

/** Which store a command works on. */
export const storeFlag = Flags.string({
  summary: 'directory of the store (default: that of the repository around the working directory)',
  helpValue: 'DIR',
})
