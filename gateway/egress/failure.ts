// What failed on the way out, as a Fault: what was never sent is safe to repeat, everything later may have run.
// Rule: words for a person come from this table; addresses and the far end's own words stay in the cause, for the log.
import { Fault } from '#contract/error.ts';

interface Exchange {
  readonly server: string;
  readonly isSent: boolean;
  readonly idleWithinMs: number;
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EADDRNOTAVAIL: 'the address that it is to be called from is none of this machine',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no TLS that is new enough',
  ETIMEDOUT: 'it did not take the connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not take the connection in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, by the clock of this machine',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not one that this machine trusts',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not one that this machine trusts',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not one that this machine trusts',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not one that this machine trusts',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
};
const timeouts: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export function asFault(error: unknown, { server, isSent, idleWithinMs }: Exchange): Fault {
  if (error instanceof Fault) return new Fault(error.code, { ...error.fields, server }, { cause: error });
  const code = codeOf(error);
  if (timeouts.has(code))
    return new Fault('SERVER_TIMEOUT', { server, seconds: idleWithinMs / 1000, meanwhile: '' }, { cause: error });
  if (isSent) return new Fault('UPSTREAM_LOST', { server }, { cause: error });
  return new Fault('UPSTREAM_UNREACHABLE', { server, reason: reasons[code] ?? 'no connection came about' }, { cause: error });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
