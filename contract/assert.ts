// The end of every switch over a union: the compiler refuses a case that was forgotten.

/** Throws when reached; its argument has type `never` where every case is handled. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
