import * as Args from '@oclif/core/args'
import { AgolaError } from '../engine/model/errors.ts'

/** The number of a run, as an argument. `flagInvalid` */
export const runNumber = Args.custom<number>({
  description: 'number of the run',
  parse: async (text) => {
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
    throw new AgolaError(
      'flagInvalid',
      `${JSON.stringify(text)} is not the number of a run: agola directrun list shows the numbers`,
    )
  },
})
