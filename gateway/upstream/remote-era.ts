// Which era a remote server speaks, by what it answered to server/discover (2026-07-28, basic/versioning and basic/transports/streamable-http, "Backward
// Compatibility"). The rule: only what a modern server alone would say makes one; of everything else initialize will tell.
import { Fault } from '#contract/error.ts';
import type { Era } from '../call.ts';
import { legacyVersions } from '../mcp/era.ts';
import { isObject, type ResponseMessage } from '../mcp/jsonrpc.ts';
import { isModernAnswer, modernVersion } from './handshake.ts';
import type { Reply } from './upstream.ts';

export const versionUnsupported = -32022;
export const headerMismatch = -32020;
const capabilityMissing = -32021;
const asLegacy: ReadonlySet<string> = new Set([
  'UPSTREAM_FAILED',
  'UPSTREAM_LOST',
  'SERVER_GARBAGE',
  'SERVER_TIMEOUT',
  'ANSWER_TOO_LARGE',
]);

/** Throws UPSTREAM_VERSION where the server says that it speaks nothing that is known here. */
export function verdictOf(message: ResponseMessage, server: string): Era {
  if (isModernAnswer(message)) return 'modern';
  const value = isObject(message.value) ? message.value : {};
  const code = message.error ? value['code'] : undefined;
  if (code === headerMismatch || code === capabilityMissing) return 'modern';
  if (message.error && code !== versionUnsupported) return 'legacy';
  const data = isObject(value['data']) ? value['data'] : {};
  const offered = message.error ? data['supported'] : value['supportedVersions'];
  if (!Array.isArray(offered)) return 'legacy';
  if (offered.includes(modernVersion)) return 'modern';
  if (offered.some((version) => legacyVersions.includes(String(version)))) return 'legacy';
  throw new Fault('UPSTREAM_VERSION', { server, versions: offered.map(String).join(', ').slice(0, 200) });
}

/** Whether a failure is one with which a server of the legacy era may have answered server/discover. */
export function tellsLegacy(error: unknown): boolean {
  return error instanceof Fault && asLegacy.has(error.code);
}

/** Whether it is an error with this code. */
export function isRefusedFor({ message }: Reply, code: number): boolean {
  return message.error !== undefined && isObject(message.value) && message.value['code'] === code;
}
