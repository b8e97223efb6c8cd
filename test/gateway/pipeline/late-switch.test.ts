// A list of a slow server that is still to come when something it stands on is switched off or revoked: it is asked on no more, kept for nobody, and told to nobody.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { SwitchKind } from '#contract/switch.ts';
import type { AllowedListing, Caller, Identified } from '../../../gateway/call.ts';
import { createStanding } from '../../../gateway/caller/standing.ts';
import { type InForce, openInForce } from '../../../gateway/in-force.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import { createCut } from '../../../gateway/pipeline/cut.ts';
import { createKnownLists } from '../../../gateway/pipeline/known-list.ts';
import { createLateLists } from '../../../gateway/pipeline/late-list.ts';
import { createMute } from '../../../gateway/pipeline/mute.ts';
import { decideListing, enter } from '../../../gateway/policy/decide.ts';
import { type Heard, listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { hostToken } from '../../suite/sample.ts';
import { type Data, openData, quiet } from '../data.ts';
import { asJson, said, upstreamFor } from '../upstream/remote-fixture.ts';

const token = hostToken('ada');
let data: Data;
let inForce: InForce;
let slow: Heard;
/** Of the list that the slow server was asked for. */
let asked: PromiseWithResolvers<void>;
let ended: Promise<void>;

beforeEach(async () => {
  asked = Promise.withResolvers();
  const over = Promise.withResolvers<void>();
  ended = over.promise;
  slow = await listen((seen, response) => {
    const { id, method } = said(seen);
    if (method === 'tools/list') {
      asked.resolve();
      return response.on('close', () => over.resolve());
    }
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'slow', version: '1' } };
    if (id === undefined) return response.writeHead(202).end();
    return method === 'initialize' ? asJson(response, { id, result }) : asJson(response, { id, error: { code: -32601 } }, 400);
  });
  const remote = { kind: 'remote', url: `${slow.origin}/mcp`, allowPrivate: ['127.0.0.1'], auth: 'header' };
  data = await openData(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
      teams: { eng: { gateways: ['main'] } },
      servers: { slow: remote, other: remote },
      gateways: { main: { assignments: { slow: { tools: 'all', identity: 'own' }, other: { tools: 'all', identity: 'own' } } } },
    }),
  );
  await data.store.addToken(token);
  inForce = await openInForce({ store: data.store, bus: data.bus, logger: quiet, hashSecret: Buffer.alloc(32) });
});
afterEach(async () => {
  inForce.close();
  await data.close();
});

function listing(): AllowedListing {
  const snapshot = inForce.current();
  const id = snapshot.people.bySlug('ada')?.id;
  if (id === undefined) throw new Error('nobody');
  const gateway = Slug.parse('main');
  const user = { id, slug: Slug.parse('ada') };
  const caller: Caller = { user, host: 'test', token: token.id, gateway, via: 'http', workstation: null };
  const request: Identified = {
    era: 'modern',
    method: 'tools/list',
    target: { gateway, server: undefined },
    body: Buffer.alloc(0),
    caller,
    conversation: 'one',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const entered = enter(snapshot, caller, 'main');
  const assignment = 'assignments' in entered ? entered.assignments.get('slow') : undefined;
  const decided = assignment && decideListing(snapshot, request, assignment);
  if (!decided || !('assignment' in decided)) throw new Error('not allowed');
  return decided;
}

/** A list of which the host was answered without the slow server. */
async function answeredWithout() {
  const cut = createCut({ inForce, stands: createStanding({ store: data.store, now: () => 5000 }) });
  const lists = createKnownLists(upstreamFor(), cut);
  const mute = createMute();
  let told = 0;
  const late = createLateLists({ lists, mute, news: { hears: () => true, came: () => void told++ } });
  const of = listing();
  mute.add(of.caller, of.assignment);
  const begun = late.begin(features.tools, lists.ask);
  const done = begun.of(of, {}, new AbortController().signal);
  done.catch(() => undefined);
  await asked.promise;
  await expect(done).rejects.toMatchObject({ code: 'SERVER_TIMEOUT' });
  begun.end();
  return { kept: () => lists.last(of, features.tools), told: () => told };
}

const switchOff = (kind: SwitchKind, name: string) =>
  data.store.switchOff({ kind, name, owner: null, reason: 'a leak', isTold: false, since: 1, until: null, by: 'test' });

test.each<[SwitchKind, string]>([
  ['server', 'slow'],
  ['assignment', 'main/slow'],
  ['identity', 'slow/ada'],
  ['connection', token.id],
  ['user', 'ada'],
  ['everything', 'everything'],
])('a switch of its %s ends a list that is late', async (kind, name) => {
  proves('switch.cuts-lists', {
    file: 'gateway/pipeline/known-list.ts',
    find: 'closed.signal, terms)',
    replace: 'signal, terms)',
  });
  const { kept, told } = await answeredWithout();
  await switchOff(kind, name);
  data.bus.publish('changed');
  await ended;
  expect([kept(), told()]).toEqual([undefined, 0]);
});

test('a token that is revoked ends the lists that are late for who came by it', async () => {
  await answeredWithout();
  await data.store.revokeToken(token.id, 4000);
  data.bus.publish('changed');
  await ended;
});

test('a switch of another server ends none', async () => {
  await answeredWithout();
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  await switchOff('server', 'other');
  data.bus.publish('changed');
  await vi.waitFor(() => expect(inForce.current().off?.find('server', 'other')).toBeDefined());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isEnded).toBe(false);
});
