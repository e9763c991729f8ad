/** The text of a function expression that takes nothing and resolves, in a page, with `inPage`'s result as JSON. */
export function pageFunction(inPage: (argument: never) => unknown, argument: unknown): string {
  const given = argument === undefined ? '' : JSON.stringify(argument)
  return `async () => JSON.stringify({ result: await (${inPage})(${given}) })`
}

/** What {@link pageFunction}'s function resolved with. */
export function pageResult(json: unknown): never {
  if (typeof json !== 'string') throw new Error(`the page gave ${json} in place of JSON`)
  return JSON.parse(json).result as never
}
