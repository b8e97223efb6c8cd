// The state that a modern host keeps while it is asked something, and sends back with its retry (2026-07-28, basic/patterns/mrtr): a modern server's own, or
// which call waits here for an older one. The rule: it leaves the gateway sealed, for a time, and counts only for the same user, host, route, method and
// parameters. So a state is of no use to another user, also where one server process or one identity serves several.
import { createHash } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';
import { paramSpan, readMessage, type RequestMessage, wholeParams, withoutParams } from '../mcp/jsonrpc.ts';
import { splice } from '../mcp/span.ts';
import type { Asker } from './permit.ts';
import type { Seal } from './seal.ts';

/** How long a modern server's own state counts. */
export const stateWithinMs = 1_800_000;

/** A call that waits here for what its host answers, and which of its rounds that is. */
export interface Waiting {
  readonly call: string;
  readonly round: number;
}
export interface OpenedRequest<T extends Identified> {
  /** As the server gets it: where it brought a server's own state, with the one that the server gave. */
  readonly request: T;
  readonly message: RequestMessage;
  /** Whose state it brought: what the host says now is for nobody else. */
  readonly asker?: Asker;
  /** It goes on with this call. */
  readonly waiting?: Waiting;
  /** It is the call anew, after what this retry says was done. */
  readonly anew?: RequestMessage;
}
export interface RequestStates {
  /** A server's state, as the host gets it; where that gave none, what stands for it between here and the host, so that the retry says who asked. */
  seal(request: Identified, message: RequestMessage, asker: Asker, state: string | undefined): string;
  /** The state of a call that waits here, for so many ms. */
  sealWaiting(request: Identified, message: RequestMessage, waiting: Waiting, withinMs: number): string;
  /** The state of a call that is to be made anew. */
  sealAnew(request: Identified, message: RequestMessage): string;
  /** Throws STATE_FORGED, STATE_FOREIGN, STATE_EXPIRED, STATE_LOST. */
  open<T extends Identified>(request: T, message: RequestMessage): OpenedRequest<T>;
}

export function createRequestStates(seal: Seal, now: () => number = Date.now): RequestStates {
  const sealed = (
    kind: 'asked' | 'stateless' | 'waiting' | 'anew',
    request: Identified,
    message: RequestMessage,
    withinMs: number,
    rest: string,
  ) => seal.seal([kind, now() + withinMs, bindingOf(request, message), rest].join('\n'));

  return {
    seal(request, message, { server, remote }, state) {
      const kind = state === undefined ? 'stateless' : 'asked';
      return sealed(kind, request, message, stateWithinMs, `${server.id} ${packedUrl(remote?.url)}\n${state ?? ''}`);
    },
    sealWaiting: (request, message, { call, round }, withinMs) =>
      sealed('waiting', request, message, withinMs, `${call}\n${round}`),
    sealAnew: (request, message) => sealed('anew', request, message, stateWithinMs, ''),
    open(request, message) {
      const span = request.era === 'modern' ? paramSpan(message.params, 'requestState') : undefined;
      if (!span) return { request, message };
      const opened = seal.open(message.params.value['requestState']);
      if (!opened) throw new Fault('STATE_FORGED');
      const [kind, until, binding, ...rest] = opened.text.split('\n');
      if (binding !== bindingOf(request, message)) throw new Fault('STATE_FOREIGN');
      if (Number(until) <= now()) throw new Fault('STATE_EXPIRED');
      if (kind === 'waiting') {
        if (opened.isEarlier) throw new Fault('STATE_LOST');
        return { request, message, waiting: { call: rest[0] ?? '', round: Number(rest[1]) } };
      }
      // As a gateway server before this one sealed them.
      if (kind !== 'asked' && kind !== 'stateless' && kind !== 'anew') throw new Fault('STATE_LOST');
      const [of = '', ...state] = rest;
      const body =
        kind === 'asked'
          ? splice(request.body, [{ span, by: JSON.stringify(state.join('\n')) }])
          : withoutParams(request.body, kind === 'anew' ? ['inputResponses', 'requestState'] : ['requestState']);
      const again = readMessage(body);
      if (again.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'it is no request' });
      const by = kind === 'anew' ? { anew: message } : { asker: askerOf(of) };
      return { request: { ...request, body }, message: again, ...by };
    },
  };
}

/** An address holds whatever a policy may, so blanks and line breaks too. */
const packedUrl = (url = ''): string => Buffer.from(url).toString('base64url');

function askerOf(of: string): Asker {
  const [id = '', url = ''] = of.split(' ');
  return { server: { id }, remote: url === '' ? undefined : { url: Buffer.from(url, 'base64url').toString() } };
}

/** What differs from round to round. */
const ofRound: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState']);

/** Who asks, where, and for what: the retry has to say the same. */
function bindingOf({ body, caller, target, method }: Identified, { params }: RequestMessage): string {
  const asked = Object.entries(wholeParams(body, params)).filter(([key]) => !ofRound.has(key));
  const what = JSON.stringify(asked.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const who = [caller.user.id, caller.host, target.gateway, target.server ?? '', method, what];
  return createHash('sha256').update(JSON.stringify(who)).digest('base64url');
}
