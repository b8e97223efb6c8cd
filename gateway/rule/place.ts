// Which texts of a message a rule may change, by where they stand. The rule: what the protocol itself reads is never changed: a rule that would have to
// blocks the message instead; and only what is the protocol's alone is not looked at.
import type { RuleScope } from '#contract/rule.ts';
import type { Direction } from './compile.ts';
import { type Container, isMadeUp, type Leaf } from './leaf.ts';

/** `fixed`: looked at, and not changed. `skipped`: not looked at. */
export type Place = 'free' | 'fixed' | 'skipped';
/** What was walked: the params of a request or notification, the result or the error of a response, one item of a list, or words alone. */
export type Part = 'params' | 'result' | 'error' | 'definition';

/** Of a server's messages, members that only the protocol reads: ids and states, in whose place the gateway server puts its own. */
const ownTop: Readonly<Record<Part, ReadonlySet<string>>> = {
  params: new Set(['taskId', 'progressToken', 'level', 'requestId', 'elicitationId', 'mode']),
  result: new Set(['requestState', 'taskId']),
  error: new Set(['code']),
  definition: new Set(),
};
/** Of a host's request where nothing else is said: policy decided by it. Whatever else stands there is the host's own word. */
const ownOfRequest: ReadonlySet<string> = new Set(['name']);
/** What a host answers is its own word, whatever it calls it. */
const ownOfAnswer: ReadonlySet<string> = new Set();
/** Any other type of a result is looked at like a word. */
const resultTypes: ReadonlySet<string> = new Set(['complete', 'input_required', 'task']);
const relatedTask = 'io.modelcontextprotocol/related-task';
/** Of `_meta` (2025-11-25 and 2026-07-28, basic: _meta; SEP-414 for the trace): looked at, because whoever writes it may write anything there, and not changed. */
const readMeta: ReadonlySet<string> = new Set([
  'progressToken',
  'traceparent',
  'tracestate',
  'io.modelcontextprotocol/protocolVersion',
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
    own: known = ownOfRequest,
  }: {
    readonly on: Direction;
    readonly part: Part;
    readonly scope: RuleScope;
    /** Members of the params of a host's request that were read and are no words of the host's any more: its own, or what the gateway server put there. */
    readonly own?: ReadonlySet<string> | undefined;
  },
): Place {
  const { container, key, kind } = leaf;
  if (container === undefined) return 'free';
  const isTop = container.parent === undefined;
  const isOfRequest = on === 'request' && part === 'params';
  const isAnswer = on === 'request' && part === 'result';
  const own = isOfRequest ? known : isAnswer ? ownOfAnswer : ownTop[part];
  if (isTop && part === 'result' && key === 'resultType' && kind !== 'key')
    return resultTypes.has(leaf.text) ? 'skipped' : 'fixed';
  if (isTop && kind !== 'key' && own.has(String(key)) && !(isOfRequest && key === 'name' && scope === 'resources'))
    return 'skipped';
  const { first, second } = stepsTo(container);
  if (first === '_meta' && readMeta.has(String(second ?? key)))
    return isOfGateway(leaf, second, isOfRequest, known) ? 'skipped' : 'fixed';
  if (kind === 'key') return 'fixed';
  if (part === 'definition') return placeInDefinition(first, String(key));
  // Policy decided by them, and the far end would be asked for another thing.
  if (part === 'params' && (first === 'ref' || (isTop && key === 'uri' && scope === 'resources'))) return 'fixed';
  if (typeof key !== 'string' || !structural.has(key)) return 'free';
  return isMadeUp(container) ? 'free' : 'fixed';
}

/**
 * What stands in `_meta` and is nobody's word: the gateway server puts its own in its place, or it has a form that says nothing. `within`: the member of `_meta` in
 * which it stands; undefined where it is one itself. The same name deeper down is somebody's word.
 */
function isOfGateway(
  { container, key, kind, text }: Leaf,
  within: string | number | undefined,
  isOfRequest: boolean,
  own: ReadonlySet<string>,
): boolean {
  if (kind === 'key') return within === undefined && readMeta.has(text);
  if (within === undefined) return key === 'progressToken' ? isOfRequest : key === 'traceparent' && traceParent.test(text);
  if (key !== 'taskId' || within !== relatedTask || (isOfRequest && !own.has(key))) return false;
  return container?.key === within && container.parent?.key === '_meta';
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
