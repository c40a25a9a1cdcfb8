import { AgolaError } from '../../../model/errors.ts'
import type { EngineFailure } from './client.ts'
import { adviceFor } from './engine-advice.ts'
import { busyboxPath } from './toolbox.ts'

/** Whether a main container did not start for want of the tools: their volume is empty, or holds no program that runs here. */
export function isToolsMissing(failure: EngineFailure): boolean {
  return failure.complaint.includes(busyboxPath)
}

/** Whether the engine has no such image, or not for the platform. */
export function isImageMissing(failure: EngineFailure): boolean {
  if (failure.status !== 404 && failure.status !== 500) return false
  return /no such image|image .*not known|does not match the (specified|expected) platform|unable to find .*image|image not found/i.test(
    failure.complaint,
  )
}

/** Why a container could not be created or started, in terms of the config. */
export function explainRefusal(image: string, failure: EngineFailure): AgolaError {
  const details = { image }
  const message = failure.complaint
  if (adviceFor(message) !== null) return failure
  if (isImageMissing(failure)) {
    const why = `the container engine has no such image: ${message}; check the image and the arch of the task`
    return new AgolaError('imageUnavailable', `image ${image} cannot be used: ${why}`, { cause: failure, details })
  }
  if (/invalid reference format|repository name must be/i.test(message)) {
    return new AgolaError('imageInvalid', `"${image}" is no image name: ${message}`, { cause: failure, details })
  }
  if (
    /executable file .*not found|exec: |no such file or directory|permission denied|exec format error/i.test(message)
  ) {
    const why = `the entrypoint cannot be run in it: ${message}; correct the container's entrypoint, or the image`
    return new AgolaError('imageInvalid', `image ${image} cannot be started: ${why}`, { cause: failure, details })
  }
  if (/no command specified|no command or entrypoint/i.test(message)) {
    const why = 'it has no command of its own; give the container an entrypoint'
    return new AgolaError('imageInvalid', `image ${image} cannot be started: ${why}`, { cause: failure, details })
  }
  if (/unable to find (user|group)|no matching entries in (passwd|group) file/i.test(message)) {
    const why = `${message}; correct the container's user`
    return new AgolaError('imageInvalid', `image ${image} cannot be started: ${why}`, { cause: failure, details })
  }
  return new AgolaError('driverFailed', `the container engine could not start ${image}: ${message}`, {
    cause: failure,
    details,
  })
}
