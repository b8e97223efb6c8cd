// The state that a server leaves with the host: it comes back as it was to the same request of the same caller, and to nothing and nobody else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../../../gateway/call.ts';
import { readMessage, type RequestMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createRequestStates, stateWithinMs } from '../../../gateway/pipeline/request-state.ts';
import { proves } from '../../requirement.ts';

const user = UserId.parse(newId());
interface Change {
  readonly user?: UserId;
  readonly host?: string;
  readonly gateway?: string;
  readonly server?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}
const retry = { name: 'book', arguments: { seat: '12A' } };

function asked(change: Change = {}): { request: Identified; message: RequestMessage } {
  const { method = 'tools/call', params = retry } = change;
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }));
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('not a request');
  const gateway = Slug.parse(change.gateway ?? 'eng');
  const request: Identified = {
    era: 'modern',
    method,
    target: { gateway, server: change.server === undefined ? undefined : Slug.parse(change.server) },
    body,
    caller: {
      user: { id: change.user ?? user, slug: Slug.parse('ada') },
      host: change.host ?? 'codex',
      token: TokenId.parse(newId()),
      gateway,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  return { request, message };
}

function stateOf(states: ReturnType<typeof createRequestStates>, change: Change): unknown {
  const { request, message } = asked(change);
  try {
    const opened = states.open(request, message);
    expect(JSON.parse(opened.request.body.toString())).toMatchObject({ id: 7, params: opened.message.params.value });
    return opened.message.params.value['requestState'];
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
}

const sealedFor = (states: ReturnType<typeof createRequestStates>, state = 'of the server') => {
  const { request, message } = asked();
  return states.seal(request, message, state);
};

test('whatever text a server gives comes back to it, whatever was answered meanwhile', () => {
  const states = createRequestStates();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (state) => {
      const requestState = sealedFor(states, state);
      expect(stateOf(states, { params: { ...retry, requestState, inputResponses: { name: { action: 'accept' } } } })).toBe(state);
    }),
  );
});

describe('a state does not open', () => {
  test.each<[string, Change]>([
    ['for another user', { user: UserId.parse(newId()) }],
    ['for another host of the user', { host: 'gemini' }],
    ['at another gateway', { gateway: 'ops' }],
    ['on another route', { server: 'travel' }],
    ['for another method', { method: 'prompts/get' }],
    ['for another tool', { params: { ...retry, name: 'cancel' } }],
    ['for other arguments', { params: { ...retry, arguments: { seat: '1A' } } }],
    ['for a resource', { params: { uri: 'book', arguments: retry.arguments } }],
  ])('%s', (_, change) => {
    proves('edge.state-bound', {
      file: 'gateway/pipeline/request-state.ts',
      find: "return Buffer.from([caller.user.id, caller.host, target.gateway, target.server ?? '', method, what.digest('hex')].join('\\n'));",
      replace: "return Buffer.from(what.digest('hex').slice(64));",
    });
    const states = createRequestStates();
    const requestState = sealedFor(states);
    expect(stateOf(states, { ...change, params: { ...(change.params ?? retry), requestState } })).toBe('INVALID_PARAMS');
  });

  test('after half an hour', () => {
    let now = 1000;
    const states = createRequestStates(() => now);
    const requestState = sealedFor(states);
    now += stateWithinMs - 1;
    expect(stateOf(states, { params: { ...retry, requestState } })).toBe('of the server');
    now += 1;
    expect(stateOf(states, { params: { ...retry, requestState } })).toBe('INVALID_PARAMS');
  });

  test('where it was altered, cut, added to, or is none', () => {
    const states = createRequestStates();
    const sealed = sealedFor(states);
    const flipped = `${sealed.slice(0, 20)}${sealed[20] === 'A' ? 'B' : 'A'}${sealed.slice(21)}`;
    for (const requestState of [flipped, sealed.slice(0, -4), `${sealed}-TAMPERED`, `${sealed}=`, '', 'x', 7, null, {}])
      expect(stateOf(states, { params: { ...retry, requestState } })).toBe('INVALID_PARAMS');
  });

  test('that another gateway server sealed', () => {
    expect(stateOf(createRequestStates(), { params: { ...retry, requestState: sealedFor(createRequestStates()) } })).toBe(
      'INVALID_PARAMS',
    );
  });
});

test('a request without a state, and one of an older host, pass as they are', () => {
  const states = createRequestStates();
  const { request, message } = asked();
  expect(states.open(request, message)).toEqual({ request, message });
  const old = asked({ params: { ...retry, requestState: 'its own' } });
  expect(states.open({ ...old.request, era: 'legacy' }, old.message).message.params.value['requestState']).toBe('its own');
});
