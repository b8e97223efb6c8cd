// One call of a user as that user sees it on the device: what the gateway told over the tunnel after the call's record was kept.
// Rule: it is made from the record and from nothing else, so no argument and no result can be in it; where these are kept, it says so.
import { z } from 'zod';
import type { CallRecord } from './audit.ts';
import { entryOf } from './error.ts';
import { RecordId, Slug } from './id.ts';

/** So many are told at connect, and kept on the device. */
export const recentCallLimit = 50;

export const RecentCall = z.looseObject({
  id: RecordId,
  /** When it arrived at the gateway, ms since 1970. */
  at: z.number().int(),
  method: z.string().max(100),
  /** The AI host, as its token or its config entry names it. */
  host: z.string().max(200).optional(),
  server: Slug.optional(),
  /** The server's own name of the tool. */
  tool: z.string().max(200).optional(),
  /** What else it was about: a prompt, a resource by its URI, a template, a foreign method. */
  item: z.looseObject({ kind: z.string().max(20), name: z.string().max(300) }).optional(),
  /** `refused`: it may not be. `failed`: it may, and came to nothing. */
  decision: z.enum(['allowed', 'refused', 'failed']),
  /** An error code; a newer gateway may know others than this program. */
  code: z.string().max(64).optional(),
  message: z.string().max(1000).optional(),
  /** What was asked and answered is kept at the gateway server: as it was, or without what looks like secrets and personal data. */
  kept: z.enum(['full', 'redacted']).optional(),
  /** From the arrival of the request to the end of its answer. */
  durationMs: z.number().nonnegative(),
});
export type RecentCall = z.infer<typeof RecentCall>;

const uses: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Whether a user is to see it: what was called, got or read, by a foreign method too, and whatever else was not allowed or failed. */
export function isWorthTelling({ method, item, decision }: Pick<CallRecord, 'method' | 'item' | 'decision'>): boolean {
  return uses.has(method) || item?.kind === 'method' || decision !== 'allowed';
}

export function recentCallOf(record: CallRecord): RecentCall {
  const { id, at, method, host, tool, item, decision, code, captured, legs } = record;
  const server = Slug.safeParse(record.server?.name);
  const message = code === null ? undefined : wordsOf(record, code);
  return {
    id,
    at,
    method: method.slice(0, 100),
    ...(host === null ? {} : { host: host.slice(0, 200) }),
    ...(server.success ? { server: server.data } : {}),
    ...(tool === null ? {} : { tool: tool.slice(0, 200) }),
    ...(item === null ? {} : { item: { kind: item.kind, name: item.name.slice(0, 300) } }),
    decision,
    ...(code === null ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(captured && !captured.isLost && { kept: captured.mode }),
    durationMs: (legs.gatewayToHost ?? 0) / 1000,
  };
}

/** The newest first, each once, `recentCallLimit` at most. */
export function mergeCalls(known: readonly RecentCall[], news: readonly RecentCall[]): RecentCall[] {
  const byId = new Map([...known, ...news].map((call) => [call.id, call]));
  // ids are UUIDv7: they order what arrived in the same millisecond
  return [...byId.values()].toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, recentCallLimit);
}

/** The code's words, with what the record knows filled in and an ellipsis for what it doesn't. */
function wordsOf({ server, tool, item, gateway, method }: CallRecord, code: NonNullable<CallRecord['code']>): string {
  const known: Readonly<Record<string, string | undefined>> = {
    server: server?.name,
    tool: tool ?? undefined,
    ...(item === null ? {} : { [item.kind]: item.name }),
    gateway: gateway?.name,
    method,
  };
  return entryOf(code)
    .message.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? '…')
    .slice(0, 1000);
}
