// What a database's failure becomes for the rest of the product: Fault STORE_UNAVAILABLE with the driver's error as its cause.
// The one rule: a driver's error never leaves the store by itself, and a Fault passes unchanged.
import { Fault } from '#contract/error.ts';

/** Any error as the Fault that the store promises. */
export function asUnavailable(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('STORE_UNAVAILABLE', {}, { cause: error });
}

/** A verb whose failures are Faults. */
export function guarded<A extends readonly unknown[], R>(verb: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await verb(...args);
    } catch (error) {
      throw asUnavailable(error);
    }
  };
}

/** Whether what the database is kept on has no room left. */
export function isDiskFull(error: unknown): boolean {
  const of = error instanceof Fault && error.code === 'STORE_UNAVAILABLE' ? error.cause : error;
  return ['SQLITE_FULL', '53100'].includes(codeOf(of) ?? '');
}

/** The driver's own code of an error (`SQLITE_FULL`, `53100`, `ENOENT`), where it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
