// The messages of MCP about items (tools, prompts, resources, templates) as the gateway sends and reads them upstream: raw, with only the id and the item's
// name changed. The rule: an item of which nobody could say which it is, is none.
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Era } from '../call.ts';
import { abilitiesOf } from '../mcp/ability.ts';
import { capabilitiesKey } from '../mcp/era.ts';
import { type Feature, useOf } from '../mcp/feature.ts';
import { fold, isObject, type RequestMessage, withoutParams } from '../mcp/jsonrpc.ts';
import { elementsOf, inOrder, membersOf, overwrite } from '../mcp/span.ts';
import { withModernMeta } from './handshake.ts';
import type { ListedItem, Reply } from './upstream.ts';

/** Makes the host's request for a session's id and era. What a legacy host said once of itself, a modern server is told in each. Throws TASK_OTHER_ERA. */
export function composerOf(allowed: AllowedCall, request: RequestMessage): (id: number, era: Era) => Buffer {
  const level = allowed.era === 'legacy' ? allowed.audience?.logLevel : undefined;
  return (id, era) => {
    if (allowed.task && era !== allowed.era) throw otherEra(allowed);
    const message = useMessage(allowed.body, request, id, allowed.item.name);
    if (era === 'modern') return withModernMeta(message, level, declaredBy(allowed, request));
    // A modern host's wish for a task is none (the tasks extension: servers tolerate it), and an older server would take it for one.
    // What a foreign method means by that word, nobody knows.
    const isWish = allowed.era === 'modern' && allowed.item.kind !== 'methods' && 'task' in request.params.value;
    return isWish ? withoutParams(message, ['task']) : message;
  };
}

/** The task lives at a server that speaks another revision by now. */
function otherEra({ era, assignment }: AllowedCall): Fault {
  const [theirs, ours] = era === 'modern' ? ['2025-11-25', '2026-07-28'] : ['2026-07-28', '2025-11-25'];
  return new Fault('TASK_OTHER_ERA', { server: assignment.server.slug, theirs, ours });
}

/** As JSON text. Extensions are between a modern host and its server: what the host declared of them goes on. */
function declaredBy(allowed: AllowedCall, request: RequestMessage): string {
  const { declared } = abilitiesOf(allowed, request);
  const meta = request.params.value['_meta'];
  const said = allowed.era === 'modern' && isObject(meta) ? meta[capabilitiesKey] : undefined;
  const extensions = isObject(said) ? said['extensions'] : undefined;
  if (!isObject(extensions)) return declared;
  const own: unknown = JSON.parse(declared);
  return JSON.stringify({ ...(isObject(own) ? own : {}), extensions });
}

/** The host's request with the session's id and the upstream's own name of the item; every other byte as it came. */
function useMessage(body: Buffer, request: RequestMessage, id: number, name: string): Buffer {
  // Whether its era has it was asked before.
  const use = useOf(body, request, 'legacy');
  const edits = [{ span: request.idSpan, by: String(id) }];
  if (use && use.name !== name) edits.push({ span: use.span, by: JSON.stringify(name) });
  return overwrite(body, inOrder(edits));
}

const pageLimit = 100;
const listLimitBytes = 32 * 1024 * 1024;
const listLimit = 50_000;

/** Every page of a list, for a host that declares this (JSON text): what a server lists may depend on it. `ask` sends one request, composed for an id and an era, and gives its answer. */
export async function readPages(
  server: string,
  feature: Feature,
  onDropped: () => void,
  declared: string,
  ask: (compose: (id: number, era: Era) => Buffer) => Promise<Reply>,
): Promise<readonly ListedItem[]> {
  const listed: ListedItem[] = [];
  let cursor: string | undefined;
  let bytes = 0;
  for (let page = 0; page < pageLimit; page++) {
    const answer = await ask((id, era) => {
      const message = listRequest(id, feature, cursor);
      return era === 'modern' ? withModernMeta(message, undefined, declared) : message;
    });
    const { items, nextCursor } = readItems(answer, server, feature);
    bytes += answer.body.length;
    if (bytes > listLimitBytes || listed.length + items.length > listLimit) break;
    listed.push(...items);
    if (nextCursor === undefined) return unambiguous(listed, onDropped);
    cursor = nextCursor;
  }
  const reason = `its answer to ${feature.method} has more than ${pageLimit} pages, ${listLimit} items or ${listLimitBytes} bytes`;
  throw new Fault('SERVER_GARBAGE', { server, reason });
}

function listRequest(id: number, { method }: Feature, cursor: string | undefined): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params: cursor === undefined ? {} : { cursor } }));
}

/**
 * One page of a list. An item that names a key twice, or has no name, is left out. A server that does not know the method has no such items. Throws
 * SERVER_GARBAGE.
 */
function readItems(
  { body, message }: Reply,
  server: string,
  { method, member, key }: Feature,
): { items: ListedItem[]; nextCursor: string | undefined } {
  if (message.error) {
    if (isObject(message.value) && message.value['code'] === -32601) return { items: [], nextCursor: undefined };
    throw new Fault('SERVER_GARBAGE', { server, reason: `it answered ${method} with an error` });
  }
  if (!message.result || !isObject(message.value))
    throw new Fault('SERVER_GARBAGE', { server, reason: `its answer to ${method} is not an object` });
  const list = membersOf(body, message.result.start).find((one) => one.key === member);
  const items = list
    ? elementsOf(body, list.value.start).flatMap(({ start, end }) => readItem(body.subarray(start, end), key))
    : [];
  const cursor = message.value['nextCursor'];
  return { items, nextCursor: typeof cursor === 'string' && cursor !== '' ? cursor : undefined };
}

/** Without the items whose name another one bears too: nobody could say which of them is meant, so none is shown. */
function unambiguous<T extends { readonly name: string }>(items: readonly T[], onDropped: () => void): readonly T[] {
  const count = new Map<string, number>();
  for (const { name } of items) count.set(name, (count.get(name) ?? 0) + 1);
  if (count.size === items.length) return items;
  return items.filter(({ name }) => {
    const isOnly = count.get(name) === 1;
    if (!isOnly) onDropped();
    return isOnly;
  });
}

function readItem(json: Buffer, key: Feature['key']): ListedItem[] {
  const [only, second] = membersOf(json, 0).filter((member) => fold(member.key) === fold(key));
  if (only?.key !== key || second) return [];
  const name: unknown = JSON.parse(json.toString('utf8', only.value.start, only.value.end));
  return typeof name === 'string' ? [{ name, json, nameSpan: only.value }] : [];
}
