import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ArgumentError, type PayloadIssue } from './errors.ts'
import { limits } from './limits.ts'

/** One entry of a contract: what a message of this name carries, and what its reply carries if it is a request. */
export interface MessageContract {
  /** Any schema that follows Standard Schema (zod, valibot, arktype, …). Left out: no payload is described, any is taken. */
  payload?: StandardSchemaV1
  /** With it the message is a request; without it `request()` is a type error. */
  reply?: StandardSchemaV1
}

/** Names to messages, for both sides and both directions. */
export type Contract = Record<string, MessageContract>

/** What holds where no contract is given: any name, any payload. */
// biome-ignore lint/suspicious/noExplicitAny: stands for every contract, as `any` stands for every type
export type AnyContract = any

/**
 * Declares the messages of a conversation once for both sides. The types of `send`, `request` and `handle` come from
 * it, and payloads are validated on the way out and on the way in.
 *
 * @throws ArgumentError if a name is empty or too long, an entry is no object of schemas, or has something that is not a schema.
 */
export function contract<const C extends Contract>(definition: C): C {
  for (const [name, entry] of Object.entries(definition)) {
    if (name === '' || name.length > limits.chCharsMax) {
      throw new ArgumentError(
        `the name "${name}" has ${name.length} characters`,
        `Use 1 to ${limits.chCharsMax}.`,
      )
    }
    // A schema in the place of the entry would describe nothing, and let everything through.
    if (typeof entry !== 'object' || entry === null || '~standard' in entry) {
      throw new ArgumentError(
        `"${name}" is no { payload, reply }`,
        'Give schemas as its parts, or {} for any payload.',
      )
    }
    for (const part of ['payload', 'reply'] as const) {
      const schema = entry[part]
      if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
        throw new ArgumentError(
          `"${name}.${part}" is not a schema`,
          'Give a Standard Schema, such as one made with zod, or leave it out.',
        )
      }
    }
  }
  return Object.freeze(definition)
}

/** Names of all messages. */
export type NameOf<C> = IsAny<C> extends true ? string : Extract<keyof C, string>

/** Names of the messages that have a reply. */
export type RequestNameOf<C> =
  IsAny<C> extends true
    ? string
    : { [N in Extract<keyof C, string>]: C[N] extends { reply: StandardSchemaV1 } ? N : never }[Extract<
        keyof C,
        string
      >]

/** What a sender passes for a message. */
export type PayloadInput<C, N> = Side<C, N, 'payload', 'input'>
/** What a handler is given. */
export type PayloadOutput<C, N> = Side<C, N, 'payload', 'output'>
/** What a handler returns for a request. */
export type ReplyInput<C, N> = Side<C, N, 'reply', 'input'>
/** What `request()` resolves with. */
export type ReplyOutput<C, N> = Side<C, N, 'reply', 'output'>

/** The outcome of validating: a value, or what is wrong with it. A promise if the schema needs one. */
export type Validation = { value: unknown } | { issues: ReadonlyArray<PayloadIssue> }

/** Runs a schema; without one everything is valid. */
export function validate(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
): Validation | Promise<Validation> {
  if (schema === undefined) return { value }
  const result = schema['~standard'].validate(value)
  return isPromise(result) ? result.then(outcome) : outcome(result)
}

type IsAny<T> = 0 extends 1 & T ? true : false

type Side<C, N, Part extends 'payload' | 'reply', Way extends 'input' | 'output'> =
  IsAny<C> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: without a contract any payload is taken
      any
    : N extends keyof C
      ? C[N] extends { [P in Part]: infer S extends StandardSchemaV1 }
        ? Way extends 'input'
          ? StandardSchemaV1.InferInput<S>
          : StandardSchemaV1.InferOutput<S>
        : Part extends 'payload'
          ? unknown
          : void
      : never

function outcome(result: StandardSchemaV1.Result<unknown>): Validation {
  return result.issues === undefined ? { value: result.value } : { issues: result.issues }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T>)?.then === 'function'
}
