// The state that a server of 2026-07-28 leaves with the host when it needs input first (basic/patterns/mrtr): the host sends it back with the retry.
// The rule: it leaves the gateway sealed, and opens only for the same caller, route, method and arguments, for half an hour; the server gets its own
// bytes back or nothing. So a state is of no use to another user, also where one server process or one identity serves several.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';
import { paramSpan, readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { splice } from '../mcp/span.ts';

export const stateWithinMs = 1_800_000;
const ivLength = 12;
const tagLength = 16;

export interface RequestStates {
  /** The state as the host gets it. */
  seal(request: Identified, message: RequestMessage, state: string): string;
  /** The request as the server gets it: where it brings a state, with the one that the server gave. Throws INVALID_PARAMS. */
  open<T extends Identified>(request: T, message: RequestMessage): { readonly request: T; readonly message: RequestMessage };
}

export function createRequestStates(now: () => number = Date.now, key: Buffer = randomBytes(32)): RequestStates {
  function opened(sealed: unknown, binding: Buffer): string | undefined {
    const bytes = Buffer.from(typeof sealed === 'string' ? sealed : '', 'base64url');
    // Each state has one spelling: whatever was added to it is seen.
    if (bytes.length < ivLength + tagLength || bytes.toString('base64url') !== sealed) return undefined;
    let text: string;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivLength), { authTagLength: tagLength })
        .setAAD(binding)
        .setAuthTag(bytes.subarray(-tagLength));
      text = Buffer.concat([decipher.update(bytes.subarray(ivLength, -tagLength)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
    const end = text.indexOf('\n');
    return Number(text.slice(0, end)) > now() ? text.slice(end + 1) : undefined;
  }

  return {
    seal(request, message, state) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bindingOf(request, message));
      const text = `${now() + stateWithinMs}\n${state}`;
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },
    open(request, message) {
      const span = request.era === 'modern' ? paramSpan(message.params, 'requestState') : undefined;
      if (!span) return { request, message };
      const state = opened(message.params.value['requestState'], bindingOf(request, message));
      if (state === undefined)
        throw new Fault('INVALID_PARAMS', {
          method: request.method,
          reason: '"requestState" is not of this request, or too old: send the request anew without it',
        });
      const body = splice(request.body, [{ span, by: JSON.stringify(state) }]);
      const again = readMessage(body);
      if (again.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'it is no request' });
      return { request: { ...request, body }, message: again };
    },
  };
}

/** Who asks, where, and for what: the retry has to say the same. */
function bindingOf({ caller, target, method }: Identified, { params }: RequestMessage): Buffer {
  const { name, uri, arguments: given } = params.value;
  const what = createHash('sha256').update(JSON.stringify([name, uri, given]));
  return Buffer.from([caller.user.id, caller.host, target.gateway, target.server ?? '', method, what.digest('hex')].join('\n'));
}
