import { AgolaError } from '../../model/errors.ts'

export function missingObject(key: string, cause?: unknown): AgolaError {
  return new AgolaError('objectDoesNotExist', `object "${key}" does not exist`, { details: { key }, cause })
}

export function objectExists(key: string, cause?: unknown): AgolaError {
  return new AgolaError('objectExists', `object "${key}" exists already`, { details: { key }, cause })
}
