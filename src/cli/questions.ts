import { AgolaError } from '../engine/model/errors.ts'
import type { Prompt } from './prompt.ts'

/** What may be asked before anything runs; null: nobody is there to ask. */
export interface Questions {
  hidden: ((name: string) => Promise<string>) | null
  host: (() => Promise<boolean>) | null
}

export const noQuestions: Questions = { hidden: null, host: null }

export function questionsAt(prompt: Prompt, signal: AbortSignal): Questions {
  return {
    hidden: async (name) => {
      const value = await prompt.ask({ text: () => `value of ${name} (not shown): `, hidden: true, signal })
      if (value === null) throw new AgolaError('variableInvalid', `${name} was given no value.`)
      return value
    },
    host: async () => {
      const text = () => 'no container engine answers. Run steps as plain processes here, without images? [y/N] '
      const answer = await prompt.ask({ text, hidden: false, signal })
      return answer !== null && /^y(es)?$/i.test(answer.trim())
    },
  }
}
