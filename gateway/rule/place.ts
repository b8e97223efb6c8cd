// Which texts of a message a rule may change, by where they stand. The rule: what the protocol itself reads is never changed: a rule that would have to
// blocks the message instead; and only what is the protocol's alone is not looked at.
import { modernVersions, versionKey } from '../mcp/era.ts';
import { readLogLevel } from '../mcp/log-level.ts';
import type { Direction, Scope } from './compile.ts';
import { type Container, isMadeUp, type Leaf } from './leaf.ts';

/** `fixed`: looked at, and not changed. `skipped`: not looked at. */
export type Place = 'free' | 'fixed' | 'skipped';
/** What was walked: the params of a request or notification, the result or the error of a response, one item of a list, or words alone. */
export type Part = 'params' | 'result' | 'error' | 'definition';

/** What of a message the gateway server read, sealed or put there, as the pipeline knows of just this message: nobody's words. */
export interface Own {
  /** Members of what is walked. */
  readonly members: ReadonlySet<string>;
  /** Ids of tasks, where the message names its own. */
  readonly tasks: ReadonlySet<string>;
  /** Another `_meta.progressToken` goes on in place of the one that stands there. */
  readonly isTokenReplaced: boolean;
}
const nobodys: ReadonlySet<string> = new Set();
/** Of a host's request where nothing else is said: policy decided by its name. */
const ownOfRequest: Own = { members: new Set(['name']), tasks: nobodys, isTokenReplaced: true };
const ownOfOthers: Own = { members: nobodys, tasks: nobodys, isTokenReplaced: false };
/** Members of the params of a server's message that a host reads: whatever the server writes there is looked at, unless it is a word of the protocol. */
const readParams: ReadonlySet<string> = new Set(['progressToken', 'level', 'requestId', 'elicitationId', 'mode']);
const modes: ReadonlySet<string> = new Set(['form', 'url']);
/** JSON-RPC has small ones. */
const errorCode = /^-?\d{1,6}$/;
/** Any other type of a result is looked at like a word. */
const resultTypes: ReadonlySet<string> = new Set(['complete', 'input_required', 'task']);
const relatedTask = 'io.modelcontextprotocol/related-task';
/** Of `_meta` (2025-11-25 and 2026-07-28, basic: _meta; SEP-414 for the trace): looked at, because whoever writes it may write anything there, and not changed. */
const readMeta: ReadonlySet<string> = new Set([
  'progressToken',
  'traceparent',
  'tracestate',
  versionKey,
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/subscriptionId',
  relatedTask,
  'drawbridge/server',
]);
/** W3C Trace Context, version 00: digits by chance, in which rules for numbers would find some. */
const traceParent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Words of the protocol, wherever content stands. */
const structural: ReadonlySet<string> = new Set([
  'type',
  'role',
  'mimeType',
  'method',
  'status',
  'taskId',
  '$ref',
  '$schema',
  '$id',
]);
const wordsOfSchema: ReadonlySet<string> = new Set(['title', 'description', '$comment', 'examples']);

export function placeOf(
  leaf: Leaf,
  {
    on,
    part,
    scope,
    own: known,
  }: {
    readonly on: Direction;
    readonly part: Part;
    readonly scope: Scope;
    readonly own?: Own | undefined;
  },
): Place {
  const { container, key, kind } = leaf;
  // By itself stands the name of a foreign method: its server reads it.
  if (container === undefined) return scope === 'methods' ? 'fixed' : 'free';
  const isTop = container.parent === undefined;
  const isOfRequest = on === 'request' && part === 'params';
  const { members, tasks, isTokenReplaced } = known ?? (isOfRequest ? ownOfRequest : ownOfOthers);
  if (isTop && kind !== 'key') {
    if (members.has(String(key)) && !(isOfRequest && key === 'name' && scope === 'resources')) return 'skipped';
    const said = saidByProtocol(leaf, on, part);
    if (said) return said;
  }
  if (key === 'taskId' && kind === 'string' && tasks.has(leaf.text) && isOfTask(container)) return 'skipped';
  const { first, second } = stepsTo(container);
  if (first === '_meta' && readMeta.has(String(second ?? key)))
    return isOfGateway(leaf, second, isTokenReplaced) ? 'skipped' : 'fixed';
  if (kind === 'key') return 'fixed';
  if (part === 'definition') return placeInDefinition(first, String(key));
  // Policy decided by them, and the far end would be asked for another thing.
  const named = scope === 'resources' ? 'uri' : 'name';
  if (part === 'params' && scope !== 'methods' && (first === 'ref' || (isTop && key === named))) return 'fixed';
  if (typeof key !== 'string' || !structural.has(key)) return 'free';
  return isMadeUp(container) ? 'free' : 'fixed';
}

/** What a member is that the protocol gives a meaning: skipped only where it is one of few words or a small number. */
function saidByProtocol({ key, kind, text }: Leaf, on: Direction, part: Part): Place | undefined {
  if (part === 'result') return key !== 'resultType' ? undefined : resultTypes.has(text) ? 'skipped' : 'fixed';
  if (part === 'error') return key !== 'code' ? undefined : kind === 'number' && errorCode.test(text) ? 'skipped' : 'fixed';
  if (part !== 'params' || on !== 'response' || !readParams.has(String(key))) return undefined;
  const isWord = (key === 'level' && readLogLevel(text) !== undefined) || (key === 'mode' && modes.has(text));
  return isWord ? 'skipped' : 'fixed';
}

/** Where a message names its task: itself, in the task that it begins, in `_meta` (task-name.ts). */
function isOfTask({ parent, key }: Container): boolean {
  if (!parent) return true;
  return parent.parent ? key === relatedTask && parent.key === '_meta' && parent.parent.parent === undefined : key === 'task';
}

/**
 * What stands in `_meta` and is nobody's word: the gateway server puts its own in its place, it is a revision of the protocol, or it has a form that says nothing. `within`: the member of `_meta` in
 * which it stands; undefined where it is one itself. The same name deeper down is somebody's word.
 */
function isOfGateway({ key, kind, text }: Leaf, within: string | number | undefined, isTokenReplaced: boolean): boolean {
  if (within !== undefined) return false;
  if (kind === 'key') return readMeta.has(text);
  if (key === 'progressToken') return isTokenReplaced;
  if (key === versionKey) return modernVersions.includes(text);
  return key === 'traceparent' && traceParent.test(text);
}

function placeInDefinition(first: string | number | undefined, key: string): Place {
  if (first === undefined) return key === 'title' || key === 'description' ? 'free' : 'fixed';
  if (first === 'annotations') return key === 'title' ? 'free' : 'fixed';
  if (first === 'arguments') return wordsOfSchema.has(key) ? 'free' : 'fixed';
  // A property of that name is a schema, whose own words stand below it.
  if (first === 'inputSchema' || first === 'outputSchema') return wordsOfSchema.has(key) ? 'free' : 'fixed';
  return 'fixed';
}

/** The first two keys on the way from the value that was walked to a container. */
function stepsTo(container: Container): {
  readonly first?: string | number | undefined;
  readonly second?: string | number | undefined;
} {
  let [first, second]: (string | number | undefined)[] = [];
  for (let one = container; one.parent; one = one.parent) {
    second = first;
    first = one.key;
  }
  return { first, second };
}
