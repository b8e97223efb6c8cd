// A secret is a type: it prints as "[secret]" wherever it is logged, serialized or interpolated, and leaves only by reveal().

const hidden = '[secret]';
const vault = new WeakMap<Secret<unknown>, unknown>();

/** A value that must not reach a log, a file or a message by accident. `reveal` is the one way out. */
export class Secret<T> {
  constructor(value: T) {
    vault.set(this, value);
  }
  toString(): string {
    return hidden;
  }
  toJSON(): string {
    return hidden;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden;
  }
}

/** The value inside. Call it only where the secret is used: hashed, sent to its own server, or put into the secret store. */
export function reveal<T>(secret: Secret<T>): T {
  return vault.get(secret) as T;
}

/** Encrypts text that must lie in a file (a backup of a host's config). The key is in the secret store; `open` throws SECRET_UNREADABLE. */
export interface Sealer {
  seal(plain: string): string;
  open(sealed: string): string;
}
