// What an operation of the admin API is: where it is asked, which capability it needs, and the schemas of all that goes in and comes out. The tables of
// operations (admin-<noun>.ts, put together in admin.ts) are the only place that says so: routes, OpenAPI, the client and the matrix are made from them.
import { z } from 'zod';
import type { Capability } from './capability.ts';
import { Slug } from './id.ts';

export const adminPath = '/api/v1';

export interface Operation<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  A extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Behind `/api/v1`; `{name}` is a parameter. */
  readonly path: string;
  /** `any`: whoever has a valid token may. */
  readonly capability: Capability | 'any';
  /** The parameter that names the gateway it is about: a team has to grant it too, or the capability `gateways.view-all`. */
  readonly gateway?: string;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly answer: A;
  /** One that fits the schemas: for the documentation, and to try it. */
  readonly example: Example;
  /** Of an answer that is none of a refusal. */
  readonly status: 200 | 201;
  /** Whether it can be said by If-Match what it is a change of. */
  readonly isConditional: boolean;
  /** It cuts somebody or something off, so slow operations hold it up as little as can be. */
  readonly isUrgent: boolean;
  /** Of the body. */
  readonly limitBytes: number;
}
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.core.util.JSONType;
}

const nothing = z.strictObject({});
/** Why somebody does it: it stands in the record. */
export const Reasoned = z.strictObject({ reason: z.string().min(1).max(500).optional() });
const noBody = z.undefined();

/** An operation; what is left out is empty, and whatever is not a GET takes a reason. */
export function operation<
  A extends z.ZodType,
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof Reasoned,
  B extends z.ZodType = typeof noBody,
>(
  of: Omit<
    Operation<P, Q, B, A>,
    'params' | 'query' | 'body' | 'limitBytes' | 'example' | 'status' | 'isConditional' | 'isUrgent'
  > & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly example?: Example;
    readonly limitBytes?: number;
    readonly status?: 200 | 201;
    readonly isConditional?: boolean;
    readonly isUrgent?: boolean;
  },
): Operation<P, Q, B, A> {
  const empty = { params: nothing, query: of.method === 'GET' ? nothing : Reasoned, body: noBody };
  return {
    example: {},
    limitBytes: 256 * 1024,
    isConditional: false,
    isUrgent: false,
    status: of.method === 'POST' ? 201 : 200,
    ...empty,
    ...of,
  } as unknown as Operation<P, Q, B, A>;
}

/** A page of a list: `cursor` is what the page before named as `next`. */
export const Page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(1000).optional(),
});
export type Page = z.infer<typeof Page>;
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), /** Null at the end. */ next: z.string().nullable() });
}
export const Done = z.object({ done: z.literal(true) });
export const title = z.string().min(1).max(120).optional();
/** Not only blanks: it is all that tells one token from another. */
export const TokenTitle = z.string().min(1).max(120).regex(/\S/);
/** Parameters of a path that are slugs. */
export const slugs = <N extends string>(...names: readonly N[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, Slug])) as Record<N, typeof Slug>);

export type Operations = Readonly<Record<string, Operation>>;
export interface InputOf<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly body: z.output<O['body']>;
}
/** As it is sent. */
export interface SentInput<O extends Operation> {
  readonly params: z.input<O['params']>;
  readonly query: z.input<O['query']>;
  readonly body: z.input<O['body']>;
}
export type AnswerOf<O extends Operation> = z.output<O['answer']>;

export interface Problem {
  /** Where: `body.teams.0`. */
  readonly path: string;
  readonly message: string;
}

/** Reads what came; every problem of it is named. */
export function readInput<O extends Operation>(
  { params, query, body }: O,
  raw: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
): { readonly kind: 'read'; readonly input: InputOf<O> } | { readonly kind: 'invalid'; readonly problems: readonly Problem[] } {
  const read = { params: params.safeParse(raw.params), query: query.safeParse(raw.query), body: body.safeParse(raw.body) };
  const problems = Object.entries(read).flatMap(([part, result]) =>
    result.success
      ? []
      : result.error.issues.map(({ path, message }) => ({ path: [part, ...path.map(String)].join('.'), message })),
  );
  if (problems.length > 0) return { kind: 'invalid', problems };
  const input = { params: read.params.data, query: read.query.data, body: read.body.data };
  return { kind: 'read', input: input as InputOf<O> };
}
