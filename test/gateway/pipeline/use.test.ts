// The use of one item, where the server has to be asked for a list before anybody can decide: what counts is the policy after that.
import pino from 'pino';
import { expect, test } from 'vitest';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Identified } from '../../../gateway/call.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { prefixed } from '../../../gateway/mcp/item-name.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import { compile, type Snapshot } from '../../../gateway/policy/compile.ts';
import type { Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { followsNothing } from './following.ts';
import { screenBy } from './screening.ts';

const eng = Slug.parse('eng');
const ada = newId();
const ids: PolicyIds = {
  users: { ada },
  teams: {},
  servers: { notes: newId() },
  gateways: { eng: newId() },
  assignments: {},
};
const snapshotOf = (exposed: object): Snapshot =>
  compile({
    policy: PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'a@example.org', teams: ['red'] } },
      teams: { red: { gateways: ['eng'] } },
      servers: { notes: { kind: 'workstation' } },
      gateways: { eng: { assignments: { notes: exposed } } },
    }),
    ids,
    offers: [],
    approvals: [],
  });

/** Sends one request through a pipeline whose policy becomes `after` while its server is asked for a list; says what came back and whether it was forwarded. */
async function used(method: string, params: object, names: readonly string[], before: object, after: object) {
  let snapshot = snapshotOf(before);
  const answer = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
  const response = readMessage(answer);
  if (response.kind !== 'response') throw new Error('not a response');
  const forwarded: string[] = [];
  const upstream: Upstream = {
    async list() {
      snapshot = snapshotOf(after);
      return names.map((name) => ({ name, json: Buffer.from('{}'), nameSpan: { start: 0, end: 0 } }));
    },
    async call({ item }) {
      forwarded.push(item.name);
      return { body: answer, message: response };
    },
    tell: () => Promise.resolve(),
    meet: () => Promise.resolve(),
    about: () => undefined,
    follow: followsNothing,
    hear: () => undefined,
    release: () => undefined,
    close: () => Promise.resolve(),
  };
  const inForce = { current: () => snapshot, onChange: () => () => undefined, close: () => undefined };
  const pipeline = createPipeline({
    capture: { begin: () => undefined },
    sealSecret: Buffer.alloc(32),
    inForce,
    screen: screenBy(inForce),
    upstream,
    recorder: { append: () => Promise.resolve(), close: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    stands: () => Promise.resolve(),
    seen: () => undefined,
    onRecord: () => undefined,
  });
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('not a request');
  const request: Identified = {
    era: 'legacy',
    method,
    target: { gateway: eng, server: undefined },
    body,
    caller: {
      user: { id: UserId.parse(ada), slug: Slug.parse('ada') },
      host: 'codex',
      token: null,
      gateway: eng,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const encoded = await pipeline.handle(request, message, encoderFor('legacy', '1'), new AbortController());
  const parsed = JSON.parse(encoded.body.toString()) as { error?: { data: { code: string } } };
  return [parsed.error?.data.code ?? 'answered', forwarded];
}

test('a resource by a template that the server lists is read, unless the policy took that away while it was asked', async () => {
  proves('policy.decided-last', {
    file: 'gateway/pipeline/permit.ts',
    find: 'const decision = decide(deps.inForce.current(),',
    replace: 'const decision = decide(snapshot,',
  });
  const read = (after: object) =>
    used('resources/read', { uri: 'note://notes__a' }, ['note://{id}'], { templates: 'all' }, after);
  expect(await read({ templates: 'all' })).toEqual(['answered', ['note://a']]);
  expect(await read({ templates: 'none' })).toEqual(['RESOURCE_NOT_PROVISIONED', []]);
});

test('a tool whose name was cut is called by its own, unless it is not exposed: then nobody learns that it is there', async () => {
  proves('policy.cut-name-hidden', {
    file: 'gateway/pipeline/permit.ts',
    find: '=== use.name && isExposed(use.kind, name, definition),',
    replace: '=== use.name,',
  });
  const long = 'a'.repeat(80);
  const cut = 'notes__aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_';
  const name = prefixed('notes', { kind: 'tools', name: long });
  expect(name.startsWith(cut)).toBe(true);
  const call = (tools: string | string[], has: string[]) => used('tools/call', { name }, has, { tools }, { tools });
  expect(await call('all', ['other', long])).toEqual(['answered', [long]]);
  expect(await call([long], ['other', long])).toEqual(['answered', [long]]);
  expect(await call(['other'], ['other', long])).toEqual(['TOOL_UNKNOWN', []]);
  expect(await call('all', ['other'])).toEqual(['TOOL_UNKNOWN', []]);
});
