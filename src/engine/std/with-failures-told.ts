/** The same object, whose calls also tell `onFailure` why they were rejected. */
export function withFailuresTold<T extends object>(service: T, onFailure: (error: unknown) => void): T {
  return new Proxy(service, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, args)
        if (result instanceof Promise) result.catch(onFailure)
        return result
      }
    },
  })
}
