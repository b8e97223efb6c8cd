// What the gateway says to a server before the first call, in each era, and how it reads the answer (specification 2026-07-28, basic/versioning:
// server/discover first; a discover result means modern, anything else or silence means legacy).
import type { LogLevel } from '../call.ts';
import { capabilitiesKey } from '../mcp/era.ts';
import { isObject, type ResponseMessage } from '../mcp/jsonrpc.ts';
import { type ListenFilter, listenMethod, listenParams, listKinds } from '../mcp/news.ts';
import { membersOf, splice } from '../mcp/span.ts';
import { tasksExtension } from '../mcp/task-name.ts';
import type { About } from './upstream.ts';

/** In characters. */
const beyondLimit = 16_000;
/** In characters: they go into every host's context. */
const instructionsLimit = 4000;

export const modernVersion = '2026-07-28';
const legacyVersion = '2025-11-25';
export const clientInfo = { name: 'drawbridge-gateway', version: '0.1.0' } as const;

const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': modernVersion,
  [capabilitiesKey]: {},
  'io.modelcontextprotocol/clientInfo': clientInfo,
} as const;

export const initializedNotification = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
export const rootsNotification = '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}';

export function cancelledNotification(id: number): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`);
}

/** `capabilities` is JSON text. */
export function discoverRequest(id: number, capabilities: string): Buffer {
  return withModernMeta(
    Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"server/discover","params":{}}`),
    undefined,
    capabilities,
  );
}

/** What the gateway listens to at a modern server. */
export function listenRequest(id: number, filter: ListenFilter): Buffer {
  // Whoever asks for tasks has to say that they know them.
  const able = filter.tasks.length > 0 ? { extensions: { [tasksExtension]: {} } } : {};
  const params = { notifications: listenParams(filter), _meta: { ...modernMeta, [capabilitiesKey]: able } };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: listenMethod, params }));
}

/** `capabilities` is JSON text. */
export function initializeRequest(id: number, capabilities: string): Buffer {
  const version = JSON.stringify(legacyVersion);
  const info = JSON.stringify(clientInfo);
  const params = `{"protocolVersion":${version},"capabilities":${capabilities},"clientInfo":${info}}`;
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"initialize","params":${params}}`);
}

/** A discover result that names the revision we speak. */
export function isModernAnswer(message: ResponseMessage): boolean {
  if (!message.result || !isObject(message.value)) return false;
  const versions = message.value['supportedVersions'];
  return Array.isArray(versions) && versions.includes(modernVersion);
}

/** What a server's answer to initialize or server/discover says of it. */
export function aboutOf({ value }: ResponseMessage): About {
  const { instructions, capabilities } = isObject(value) ? value : {};
  const declared = isObject(capabilities) ? capabilities : {};
  const says = (name: string, what: string) => isObject(declared[name]) && declared[name][what] === true;
  return {
    instructions: typeof instructions === 'string' && instructions !== '' ? instructions.slice(0, instructionsLimit) : undefined,
    capabilities: new Set(Object.keys(declared)),
    listChanged: listKinds.filter((kind) => says(kind, 'listChanged')),
    isSubscribable: says('resources', 'subscribe'),
    beyond: beyondOf(declared),
    hasTasks: isObject(declared['extensions']) && isObject(declared['extensions'][tasksExtension]),
  };
}

/** Of revisions before 2026-07-28 `experimental` is the place for both. */
function beyondOf({ extensions, experimental }: Readonly<Record<string, unknown>>): string | undefined {
  // Of tasks the gateway server says itself what it passes on.
  const { [tasksExtension]: _, ...others } = isObject(extensions) ? extensions : {};
  const hasOthers = Object.keys(others).length > 0;
  const said = { ...(hasOthers && { extensions: others }), ...(isObject(experimental) && { experimental }) };
  const text = JSON.stringify(said);
  return text === '{}' || text.length > beyondLimit ? undefined : text;
}

/**
 * The request with the gateway's own `_meta` envelope keys, as a modern server needs them; every other key of `_meta` stays. `level`: what a legacy host
 * asked for. `capabilities`: what the host of this request can be asked for, as JSON text.
 */
export function withModernMeta(body: Buffer, level?: LogLevel, capabilities = '{}'): Buffer {
  const envelope = {
    ...modernMeta,
    ...(capabilities !== '{}' && { [capabilitiesKey]: JSON.parse(capabilities) }),
    ...(level !== undefined && { 'io.modelcontextprotocol/logLevel': level }),
  };
  const params = membersOf(body, 0).find((member) => member.key === 'params');
  if (!params)
    return splice(body, [
      {
        span: { start: body.lastIndexOf(0x7d), end: body.lastIndexOf(0x7d) },
        by: `,"params":{"_meta":${JSON.stringify(envelope)}}`,
      },
    ]);
  const members = membersOf(body, params.value.start);
  const meta = members.find((member) => member.key === '_meta');
  if (!meta) {
    const open = { start: params.value.start + 1, end: params.value.start + 1 };
    return splice(body, [{ span: open, by: `"_meta":${JSON.stringify(envelope)}${members.length > 0 ? ',' : ''}` }]);
  }
  const own: unknown = JSON.parse(body.toString('utf8', meta.value.start, meta.value.end));
  return splice(body, [{ span: meta.value, by: JSON.stringify({ ...(isObject(own) ? own : {}), ...envelope }) }]);
}
