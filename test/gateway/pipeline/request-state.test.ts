// The state that a server leaves with the host: it comes back as it was to the same request of the same caller, and to nothing and nobody else.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../../../gateway/call.ts';
import { readMessage, type RequestMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createRequestStates, stateWithinMs } from '../../../gateway/pipeline/request-state.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { proves } from '../../requirement.ts';

const user = UserId.parse(newId());
const secret = randomBytes(32);
const asker = { server: { id: 'one' }, remote: { url: 'https://a.example/mcp' } };
/** Of one process of the gateway server with this secret. */
const states = (now?: () => number, of = secret) => createRequestStates(createSeal(of, 'request state'), now);
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

function stateOf(here: ReturnType<typeof states>, change: Change): unknown {
  const { request, message } = asked(change);
  try {
    const opened = here.open(request, message);
    if (opened.waiting) return opened.waiting;
    expect(JSON.parse(opened.request.body.toString())).toMatchObject({ id: 7, params: opened.message.params.value });
    return opened.message.params.value['requestState'];
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
}

const sealedFor = (here: ReturnType<typeof states>, state = 'of the server') => {
  const { request, message } = asked();
  return here.seal(request, message, asker, state);
};

test('whatever text a server gives comes back to it, whatever was answered meanwhile', () => {
  const here = states();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (state) => {
      const requestState = sealedFor(here, state);
      expect(stateOf(here, { params: { ...retry, requestState, inputResponses: { name: { action: 'accept' } } } })).toBe(state);
    }),
  );
});

test.each(['https://a.example/my tools/mcp', ' https://a.example/mcp', 'https://a.example/\nmcp', undefined])(
  'a state brings who asked, whatever address the policy has for them: %j',
  (url) => {
    const here = states();
    const { request, message } = asked();
    const asking = { server: { id: 'one' }, remote: url === undefined ? undefined : { url } };
    const requestState = here.seal(request, message, asking, 'of the\nserver');
    const again = asked({ params: { ...retry, requestState } });
    const opened = here.open(again.request, again.message);
    expect([opened.asker, opened.message.params.value['requestState']]).toEqual([asking, 'of the\nserver']);
  },
);

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
      find: "if (binding !== bindingOf(request, message)) throw new Fault('STATE_FOREIGN');",
      replace: '',
    });
    const here = states();
    const requestState = sealedFor(here);
    expect(stateOf(here, { ...change, params: { ...(change.params ?? retry), requestState } })).toBe('STATE_FOREIGN');
  });

  test('after half an hour', () => {
    let now = 1000;
    const here = states(() => now);
    const requestState = sealedFor(here);
    now += stateWithinMs - 1;
    expect(stateOf(here, { params: { ...retry, requestState } })).toBe('of the server');
    now += 1;
    expect(stateOf(here, { params: { ...retry, requestState } })).toBe('STATE_EXPIRED');
  });

  test('where it was altered, cut, added to, or is none', () => {
    const here = states();
    const sealed = sealedFor(here);
    const flipped = `${sealed.slice(0, 20)}${sealed[20] === 'A' ? 'B' : 'A'}${sealed.slice(21)}`;
    for (const requestState of [flipped, sealed.slice(0, -4), `${sealed}-TAMPERED`, `${sealed}=`, '', 'x', 7, null, {}])
      expect(stateOf(here, { params: { ...retry, requestState } })).toBe('STATE_FORGED');
  });

  test('that another gateway server sealed', () => {
    const requestState = sealedFor(states(undefined, randomBytes(32)));
    expect(stateOf(states(), { params: { ...retry, requestState } })).toBe('STATE_FORGED');
  });
});

describe('after the gateway server was started anew', () => {
  test('the state of a server still comes back to it', () => {
    expect(stateOf(states(), { params: { ...retry, requestState: sealedFor(states()) } })).toBe('of the server');
  });

  test('a call that waited in the process before is said to be lost with it', () => {
    proves('edge.state-after-restart', {
      file: 'gateway/pipeline/request-state.ts',
      find: "if (opened.isEarlier) throw new Fault('STATE_LOST');",
      replace: '',
    });
    const { request, message } = asked();
    const waiting = { call: newId(), round: 2 };
    const before = states();
    const requestState = before.sealWaiting(request, message, waiting, 1000);
    expect(stateOf(before, { params: { ...retry, requestState } })).toEqual(waiting);
    expect(stateOf(states(), { params: { ...retry, requestState } })).toBe('STATE_LOST');
  });
});

test('a long text in the arguments binds as a short one does, however it is written', () => {
  proves('edge.state-bound', {
    file: 'gateway/mcp/jsonrpc.ts',
    find: "const span = body.length < largeBytes ? undefined : paramSpan(params, 'arguments');",
    replace: 'const span = undefined;',
  });
  const here = states();
  const long = 'x'.repeat(50_000);
  const given = { seat: '12A', note: [long] };
  const { request, message } = asked({ params: { name: 'book', arguments: given } });
  const requestState = here.seal(request, message, asker, 'of the server');
  for (const note of [[`${long.slice(1)}y`], [[]], [long, 'more']])
    expect(stateOf(here, { params: { name: 'book', arguments: { ...given, note }, requestState } })).toBe('STATE_FOREIGN');
  const again = asked({ params: { name: 'book', arguments: given, requestState } });
  const escaped = Buffer.from(again.request.body.toString().replace('xxxx', String.raw`x\u0078xx`));
  for (const body of [again.request.body, escaped]) {
    const retried = readMessage(body);
    if (retried.kind !== 'request') throw new Error('not a request');
    expect(here.open({ ...request, body }, retried).message.params.value['requestState']).toBe('of the server');
  }
});

test('a call that is made anew goes to its server without what its retry brought', () => {
  const here = states();
  const { request, message } = asked();
  const requestState = here.sealAnew(request, message);
  const again = asked({ params: { inputResponses: { 'question-1': {} }, ...retry, requestState } });
  const opened = here.open(again.request, again.message);
  expect(JSON.parse(opened.request.body.toString())).toEqual({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: retry });
  expect(opened.anew).toBe(again.message);
});

test('what is new in each round does not bind, and in what order the rest is written does not either', () => {
  const here = states();
  const requestState = sealedFor(here);
  const { name, arguments: given } = retry;
  const again = { requestState, arguments: given, _meta: { progressToken: 7 }, inputResponses: {}, name };
  expect(stateOf(here, { params: again })).toBe('of the server');
  expect(stateOf(here, { params: { ...again, task: { ttl: 1 } } })).toBe('STATE_FOREIGN');
});

test('a request without a state, and one of an older host, pass as they are', () => {
  const here = states();
  const { request, message } = asked();
  expect(here.open(request, message)).toEqual({ request, message });
  const old = asked({ params: { ...retry, requestState: 'its own' } });
  expect(here.open({ ...old.request, era: 'legacy' }, old.message).message.params.value['requestState']).toBe('its own');
});
