// The one table of what MCP lists and what of it one request uses: tools, prompts, resources and resource templates, in both eras.
// The rule: whatever reads, filters, renames or decides about an item asks this table, so that no kind has a way of its own.
import { type ErrorCode, Fault } from '#contract/error.ts';
import { isForeign } from '#contract/method.ts';
import type { ExposedKind, ItemKind } from '#contract/policy.ts';
import type { Era, Identified } from '../call.ts';
import { isObject, type NotificationMessage, paramSpan, refuseDuplicates, type RequestMessage } from './jsonrpc.ts';
import { membersOf, type Span } from './span.ts';

/** How one kind of item is listed (specification 2026-07-28, server/tools, server/prompts, server/resources). */
export interface Feature {
  readonly kind: ItemKind;
  /** One of them, for messages and records. */
  readonly noun: 'tool' | 'prompt' | 'resource' | 'template';
  readonly method: string;
  /** The member of the result that holds the list, and the member of each item that tells it from the others. */
  readonly member: string;
  readonly key: 'name' | 'uri' | 'uriTemplate';
  /** What a server declares that has such items. */
  readonly capability: 'tools' | 'prompts' | 'resources';
}

export const features: Readonly<Record<ItemKind, Feature>> = {
  tools: { kind: 'tools', noun: 'tool', method: 'tools/list', member: 'tools', key: 'name', capability: 'tools' },
  prompts: { kind: 'prompts', noun: 'prompt', method: 'prompts/list', member: 'prompts', key: 'name', capability: 'prompts' },
  resources: {
    kind: 'resources',
    noun: 'resource',
    method: 'resources/list',
    member: 'resources',
    key: 'uri',
    capability: 'resources',
  },
  templates: {
    kind: 'templates',
    noun: 'template',
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    capability: 'resources',
  },
};

/** Of a name that a host sent, in messages and records. */
export const nameShown = 256;

const listed: ReadonlyMap<string, Feature> = new Map(Object.values(features).map((feature) => [feature.method, feature]));

/** The kind of item that a method lists. */
export function featureListedBy(method: string): Feature | undefined {
  return listed.get(method);
}

/** One item, by the name that stands in the message or by the upstream's own. */
export interface Item {
  readonly kind: ItemKind;
  /** Its name, URI or URI template. */
  readonly name: string;
}
/** An item, or a foreign method by its name. */
export type Exposed = Item | { readonly kind: 'methods'; readonly name: string };
/** The item that a request uses, and where its name stands in the bytes. */
export interface Use extends Item {
  readonly span: Span;
}

/** Requests that use one item which a member of their params names; over HTTP the header Mcp-Name mirrors it. */
const uses: ReadonlyMap<string, Item> = new Map<string, Item>([
  ['tools/call', { kind: 'tools', name: 'name' }],
  ['prompts/get', { kind: 'prompts', name: 'name' }],
  ['resources/read', { kind: 'resources', name: 'uri' }],
]);
/** Whether a modern server may answer such a request with a question (2026-07-28, basic/patterns/mrtr, Supported Requests): those that use an item so. Of a foreign method it may have been agreed. */
export function asksBack(method: string): boolean {
  return uses.has(method) || isForeign(method);
}
/** The same of the legacy era alone (2025-11-25, server/resources: subscriptions). */
const legacyUses: ReadonlyMap<string, Item> = new Map<string, Item>([
  ['resources/subscribe', { kind: 'resources', name: 'uri' }],
  ['resources/unsubscribe', { kind: 'resources', name: 'uri' }],
]);
/** What the `ref` of completion/complete may name, by its type (specification 2026-07-28, server/utilities/completion). */
const references: ReadonlyMap<unknown, Item> = new Map<unknown, Item>([
  ['ref/prompt', { kind: 'prompts', name: 'name' }],
  ['ref/resource', { kind: 'templates', name: 'uri' }],
]);

/** The item that a request uses, undefined where it uses none. Throws INVALID_PARAMS where it should name one and does not. */
export function useOf(body: Buffer, { method, params }: RequestMessage, era: Era): Use | undefined {
  const use = uses.get(method) ?? (era === 'legacy' ? legacyUses.get(method) : undefined);
  if (use !== undefined) return named(method, use, params.value, paramSpan(params, use.name));
  return method === 'completion/complete' ? referred(body, method, params) : undefined;
}

/** The foreign method that a message is, undefined where it is MCP's own. */
export function foreignOf({ method }: RequestMessage | NotificationMessage): Exposed | undefined {
  return isForeign(method) ? { kind: 'methods', name: method } : undefined;
}

/** Whether a host's notification is for the server whose URL it came to, and nothing that the gateway server reads itself. */
export function isForServer(message: NotificationMessage, { server }: Identified['target']): boolean {
  return server !== undefined && foreignOf(message) !== undefined;
}

/** Of the tasks extension: Mcp-Name mirrors the id of the task. */
const ofTask: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel']);

/** The value that Mcp-Name must mirror (specification 2026-07-28, basic/transports/streamable-http). */
export function headerNameOf({ method, params }: RequestMessage | NotificationMessage): string | undefined {
  const use = uses.get(method);
  const value = use ? params.value[use.name] : ofTask.has(method) ? params.value['taskId'] : undefined;
  return typeof value === 'string' ? value : undefined;
}

const unknownCodes: Readonly<Record<ItemKind, ErrorCode>> = {
  tools: 'TOOL_UNKNOWN',
  prompts: 'PROMPT_UNKNOWN',
  resources: 'RESOURCE_UNKNOWN',
  templates: 'TEMPLATE_UNKNOWN',
};
const refusedCodes: Readonly<Record<ExposedKind, ErrorCode>> = {
  tools: 'TOOL_NOT_PROVISIONED',
  prompts: 'PROMPT_NOT_PROVISIONED',
  resources: 'RESOURCE_NOT_PROVISIONED',
  templates: 'TEMPLATE_NOT_PROVISIONED',
  // As MCP answers one that is not there.
  methods: 'METHOD_UNKNOWN',
};

/** One of them, for messages and records. */
export function nounOf(kind: ExposedKind): Feature['noun'] | 'method' {
  return kind === 'methods' ? 'method' : features[kind].noun;
}

/** A name that leads nowhere. */
export function unknownItem({ kind, name }: Item): Fault {
  return new Fault(unknownCodes[kind], { [features[kind].noun]: name.slice(0, nameShown) });
}

export function notProvisioned({ kind, name }: Exposed): Fault {
  return new Fault(refusedCodes[kind], { [nounOf(kind)]: name.slice(0, nameShown) });
}

function referred(body: Buffer, method: string, params: RequestMessage['params']): Use {
  const ref = params.value['ref'];
  const span = paramSpan(params, 'ref');
  const use = isObject(ref) ? references.get(ref['type']) : undefined;
  if (!isObject(ref) || use === undefined || span === undefined)
    throw new Fault('INVALID_PARAMS', { method, reason: '"ref" must be a ref/prompt or a ref/resource' });
  const members = membersOf(body, span.start);
  refuseDuplicates(members, '"ref"');
  return named(method, use, ref, members.find(({ key }) => key === use.name)?.value);
}

function named(method: string, use: Item, value: Readonly<Record<string, unknown>>, span: Span | undefined): Use {
  const name = value[use.name];
  if (typeof name !== 'string' || span === undefined)
    throw new Fault('INVALID_PARAMS', { method, reason: `"${use.name}" must be a string` });
  return { kind: use.kind, name, span };
}
