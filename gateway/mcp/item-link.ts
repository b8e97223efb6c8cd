// URIs of resources inside answers, as hosts see them on the aggregated route: what a host is shown it can read. Only the URIs change, in the bytes.
// The rule: a URI is looked for only where the specification puts a resource's (content blocks, contents, a tool's page), never in text or data.
import { prefixed } from './item-name.ts';
import { isObject } from './jsonrpc.ts';
import { elementsOf, membersOf, type Span } from './span.ts';

export interface Edit {
  readonly span: Span;
  readonly by: string;
}

/** The edits of an answer to this method, in order. `value` is what the bytes of `result` say. */
export function linkEdits(server: string, method: string, body: Buffer, result: Span, value: unknown): readonly Edit[] {
  if (!isObject(value)) return [];
  switch (method) {
    case 'tools/call':
      return isLinking(value['content']) ? of(body, result, 'content').flatMap((content) => blocks(server, body, content)) : [];
    case 'prompts/get':
      return of(body, result, 'messages')
        .flatMap((messages) => elementsOf(body, messages.start))
        .flatMap((message) => of(body, message, 'content'))
        .flatMap((content) => blocks(server, body, content));
    case 'resources/read':
      return of(body, result, 'contents')
        .flatMap((contents) => elementsOf(body, contents.start))
        .flatMap((content) => uris(server, body, content, 'uri'));
    default:
      return [];
  }
}

/** The page that a tool shows (MCP Apps: `_meta.ui.resourceUri`, and the older `_meta["ui/resourceUri"]`), in the tool's own bytes. */
export function pageEdits(server: string, tool: Buffer): readonly Edit[] {
  const whole = { start: 0, end: tool.length };
  return of(tool, whole, '_meta')
    .flatMap((meta) => [
      ...of(tool, meta, 'ui').flatMap((ui) => uris(server, tool, ui, 'resourceUri')),
      ...uris(server, tool, meta, 'ui/resourceUri'),
    ])
    .toSorted((a, b) => a.span.start - b.span.start);
}

/** Most answers link to nothing, and their bytes need not be looked through. */
function isLinking(content: unknown): boolean {
  return (
    Array.isArray(content) &&
    content.some((block) => isObject(block) && (block['type'] === 'resource_link' || block['type'] === 'resource'))
  );
}

/** One content block, or an array of them. */
function blocks(server: string, body: Buffer, content: Span): readonly Edit[] {
  const many = elementsOf(body, content.start);
  return (many.length > 0 ? many : [content]).flatMap((block) => {
    const type = of(body, block, 'type').at(-1);
    const text: unknown = type && JSON.parse(body.toString('utf8', type.start, type.end));
    if (text === 'resource_link') return uris(server, body, block, 'uri');
    if (text !== 'resource') return [];
    return of(body, block, 'resource').flatMap((resource) => uris(server, body, resource, 'uri'));
  });
}

function uris(server: string, body: Buffer, whole: Span, key: string): readonly Edit[] {
  return of(body, whole, key).flatMap((span) => {
    const uri: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
    return typeof uri === 'string' ? [{ span, by: JSON.stringify(prefixed(server, { kind: 'resources', name: uri })) }] : [];
  });
}

/** The values of a key, as often as it stands there. */
function of(body: Buffer, whole: Span, key: string): readonly Span[] {
  return membersOf(body, whole.start).flatMap((member) => (member.key === key ? [member.value] : []));
}
