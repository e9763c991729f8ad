/** Resolves or rejects with `promise`, or rejects after `ms` with a message that names `what` was waited for. */
export function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}, in vain`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
