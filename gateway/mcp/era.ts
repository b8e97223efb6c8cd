// Which era a message speaks, decided from its body and the headers that must agree with it (specification 2026-07-28, basic/versioning and
// basic/transports/streamable-http). A modern request carries its protocol version in `_meta`; everything without that claim is legacy.
import { Fault } from '#contract/error.ts';
import type { Era } from '../call.ts';
import { headerNameOf } from './feature.ts';
import { decodeHeaderValue } from './header-value.ts';
import { isObject, type NotificationMessage, type RequestMessage } from './jsonrpc.ts';

export const modernVersions: readonly string[] = ['2026-07-28'];
/** The one revision with JSON-RPC batches. */
export const batchVersion = '2025-03-26';
/** Revisions of the legacy era that initialize may agree on, the newest first. */
export const legacyVersions: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
/** All that are served here, the newest first: what server/discover says, and what a refused version is told. */
export const servedVersions: readonly string[] = [...modernVersions, ...legacyVersions];

/** The revision that initialize agrees on: the one that the host asked for, or the newest. */
export function agreedVersion(asked: string | undefined): string {
  return legacyVersions.find((version) => version === asked) ?? '2025-11-25';
}

export const versionKey = 'io.modelcontextprotocol/protocolVersion';
export const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
/** Revisions from this one on are modern. */
export const firstModern = '2026-07-28';

/** The three headers that an intermediary may act on, undefined where absent. */
export interface EraHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** The era of a message. Over HTTP the headers are checked against the body; on a line (`headers` undefined) there are none. Throws the Fault of the specification's status map. */
export function eraOf(message: RequestMessage | NotificationMessage, headers: EraHeaders | undefined): Era {
  const meta = message.params.value['_meta'];
  const claimed = isObject(meta) ? meta[versionKey] : undefined;
  const isModernHeader = headers?.version !== undefined && headers.version >= firstModern;
  if (claimed === undefined) {
    if (!isModernHeader) return legacy(headers);
    if (message.method === 'initialize') throw new Fault('HEADER_MISMATCH', { header: 'MCP-Protocol-Version' });
    if (message.kind === 'notification') return 'modern';
    throw new Fault('INVALID_PARAMS', { method: message.method, reason: `_meta lacks ${versionKey}` });
  }
  if (typeof claimed !== 'string' || !isObject(meta))
    throw new Fault('INVALID_PARAMS', { method: message.method, reason: `${versionKey} is not a string` });
  if (message.method === 'initialize' && claimed < firstModern) return legacy(headers);
  if (message.kind === 'request' && !isObject(meta[capabilitiesKey]))
    throw new Fault('INVALID_PARAMS', { method: message.method, reason: `_meta lacks ${capabilitiesKey}` });
  if (headers) checkHeaders(message, claimed, headers);
  if (!modernVersions.includes(claimed)) throw new Fault('VERSION_UNSUPPORTED', { requested: claimed });
  return 'modern';
}

function legacy(headers: EraHeaders | undefined): Era {
  if (headers?.version !== undefined && !legacyVersions.includes(headers.version))
    throw new Fault('VERSION_UNSUPPORTED', { requested: headers.version });
  return 'legacy';
}

function checkHeaders(message: RequestMessage | NotificationMessage, claimed: string, headers: EraHeaders): void {
  if (headers.version !== claimed && (headers.version !== undefined || message.kind === 'request'))
    throw mismatch('MCP-Protocol-Version');
  if (headers.method !== message.method && (headers.method !== undefined || message.kind === 'request'))
    throw mismatch('Mcp-Method');
  const name = headerNameOf(message);
  if (name === undefined) return;
  if (headers.name === undefined || decodeHeaderValue(headers.name) !== name) throw mismatch('Mcp-Name');
}

function mismatch(header: string): Fault {
  return new Fault('HEADER_MISMATCH', { header });
}
