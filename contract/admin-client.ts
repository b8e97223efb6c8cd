// A client of the admin API, made from the same table as its routes: an operation's name and what goes in are checked by the compiler, and what comes out is parsed.
// How it is sent is given (`fetch`), so that it runs wherever the contract does.
import { type AnswerOf, type Operation, type SentInput } from './admin-operation.ts';
import { type AdminOperations, operations, type OperationId, operationOf, pathOf } from './admin.ts';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Where one is missing. */
  readonly capability?: string;
}
export type Outcome<A> =
  | { readonly ok: true; readonly status: number; readonly answer: A; readonly etag: string | undefined }
  | { readonly ok: false; readonly refusal: Refusal };
/** What is sent: parts that an operation has none of may be left out. */
export type Sent<O extends Operation> = {
  readonly [
    K in keyof SentInput<O> as undefined extends SentInput<O>[K] ? never : {} extends SentInput<O>[K] ? never : K
  ]: SentInput<O>[K];
} & { readonly [K in keyof SentInput<O>]?: SentInput<O>[K] };
export interface How {
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
}

export interface AdminClient {
  /** Rejects only where nothing was answered, or something that is none of the admin API's. */
  call<K extends OperationId>(id: K, sent: Sent<AdminOperations[K]>, how?: How): Promise<Outcome<AnswerOf<AdminOperations[K]>>>;
}

export function createAdminClient(of: {
  readonly origin: string;
  readonly token: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}): AdminClient {
  return {
    async call(id, sent, how = {}) {
      const { params = {}, query = {}, body } = sent as { params?: Record<string, string>; query?: object; body?: unknown };
      const operation = operationOf(id);
      const search = new URLSearchParams(
        Object.entries(query).flatMap(([name, value]): [string, string][] =>
          value === undefined ? [] : [[name, String(value)]],
        ),
      );
      const url = `${of.origin}${pathOf(operation, params)}${search.size > 0 ? `?${search}` : ''}`;
      const response = await of.fetch(url, {
        method: operation.method,
        headers: {
          Authorization: `Bearer ${of.token}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(how.idempotencyKey === undefined ? {} : { 'Idempotency-Key': how.idempotencyKey }),
          ...(how.ifMatch === undefined ? {} : { 'If-Match': how.ifMatch }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (!response.ok)
        return { ok: false, refusal: { status: response.status, ...(answer as { error: Omit<Refusal, 'status'> }).error } };
      const etag = response.headers.get('etag') ?? undefined;
      return { ok: true, status: response.status, answer: operations[id].answer.parse(answer) as never, etag };
    },
  };
}
