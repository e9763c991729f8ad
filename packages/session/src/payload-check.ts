import { type Contract, type Validation, validate } from '@lastword/protocol'

type Schema = NonNullable<Contract[string]['payload']>

/** What a schema says of a value. `cause` is there if the schema itself failed, which is nobody else's business. */
export type Checked = Validation & { cause?: unknown }

/** Runs a schema, if there is one. A schema that throws or rejects finds the value unfit, like one that says so. */
export function checkPayload(schema: Schema | undefined, value: unknown): Checked | Promise<Checked> {
  try {
    const outcome = validate(schema, value)
    return isPromise(outcome) ? Promise.resolve(outcome).catch(schemaFailed) : outcome
  } catch (cause) {
    return schemaFailed(cause)
  }
}

function schemaFailed(cause: unknown): Checked {
  return { issues: [{ message: 'the schema itself failed' }], cause }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T>).then === 'function'
}
