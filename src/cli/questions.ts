import { AgolaError } from '../engine/model/errors.ts'
import type { Prompt } from './prompt.ts'

/** What may be asked before anything runs; null: nobody is there to ask. */
export interface Questions {
  hidden: ((name: string) => Promise<string>) | null
  /** For a variable that nobody gave, with who wants it; null: no answer. */
  undefinedVariable: ((name: string, places: string) => Promise<string | null>) | null
  host: (() => Promise<boolean>) | null
}

export const noQuestions: Questions = { hidden: null, undefinedVariable: null, host: null }

export function questionsAt(prompt: Prompt, signal: AbortSignal): Questions {
  const askHidden = (name: string, more: string) => {
    const long = `value of ${name} (not shown${more}): `
    const text = (columns: number) => (long.length < columns ? long : `value of ${name} (not shown): `)
    return prompt.ask({ text, hidden: true, signal })
  }
  return {
    undefinedVariable: (name, places) => askHidden(name, `, Enter for none; for ${places}`),
    hidden: async (name) => {
      const value = await askHidden(name, '')
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
