// What an operation of the admin API is about where the contract's example can't know its id: made for real before the operation is asked for.
import type { Example } from '#contract/admin-operation.ts';
import type { OperationId } from '#contract/admin.ts';
import { AssignmentId, ConnectionId, GatewayId, newId, newRecordId, type RecordId, Slug, UserId } from '#contract/id.ts';
import { type Payload, payloadDirections, type PayloadDirection } from '#contract/payload.ts';
import { Secret } from '#contract/secret.ts';
import { PolicyFile } from '#contract/policy.ts';
import { issueDirectoryToken } from '../../gateway/admin/directory-token.ts';
import { issueAccessToken } from '../../gateway/admin/access-token.ts';
import { setIdentity } from '../../gateway/admin/identity.ts';
import { issueHostToken } from '../../gateway/admin/token.ts';
import { createPayloadSeals } from '../../gateway/vault/payload-key.ts';
import { byHand } from '../gateway/data.ts';
import { callRecord, enrolled, offerOf, sha256 } from '../suite/sample.ts';
import { until } from '../walk/deployment.ts';
import type { Stage } from './stage.ts';

/** By operation: the example to ask with. */
export const prepared: Partial<Record<OperationId, (stage: Stage) => Promise<Example>>> = {
  'access-tokens.revoke-own': (stage) => accessToken(stage, 'has-access-tokens-own'),
  'access-tokens.revoke': (stage) => accessToken(stage, 'ben'),
  async 'tokens.revoke'({ data: { store }, now }) {
    const of = { user: 'ben', gateway: 'main', host: 'codex', knownHosts: ['codex'], ttlMs: 1000, now };
    return withId((await issueHostToken({ ...byHand, store, ...of })).token.id);
  },
  'workstations.revoke': async ({ data: { store } }) => withId((await enrolled(store, 'ben')).id),
  async 'connections.revoke'({ data: { store }, now }) {
    const id = ConnectionId.parse(newId());
    const ben = UserId.parse((await store.policy()).ids.users['ben']);
    const host = { client: 'https://host.example.org', host: 'codex', title: 'Codex', redirect: 'http://127.0.0.1/' };
    const user = { id: ben, slug: Slug.parse('ben') };
    await store.signIn.addConnection({ id, ...host, user, gateway: Slug.parse('main'), createdAt: now, revokedAt: null });
    return withId(id);
  },
  async 'identities.remove'({ data: { store }, deps, now }) {
    const of = { server: 'crm', user: 'ben', gateway: undefined, value: new Secret('a-token'), now };
    return withId((await setIdentity({ ...byHand, store, keys: deps.keys, ...of })).identity.id);
  },
  async 'audit.verification'({ deps: { trail } }) {
    // One runs at a time, so this waits for the one before.
    const begun = await until('another one may begin', () => trail.verifications.begin(undefined).catch(() => false as const));
    return withId(begun.id);
  },
  'audit.export-progress': exported,
  'audit.export-part': exported,
  'audit.export-remove': exported,
  async 'alerts.close'({ data: { store }, now }) {
    const key = `server:${newId()}`;
    const raised = [{ key, level: 'error', words: 'it is down', count: 1, record: null, at: now }] as const;
    await store.alert.takeAlerts({ chain: key, seq: 1, raised, settled: [], now });
    return withId((await store.alert.alerts()).find((one) => one.key === key)?.id ?? '');
  },
  async 'directory.revoke-token'({ data: { store }, deps }) {
    return withId((await issueDirectoryToken({ ...byHand, store, now: deps.now }, { title: 'x', days: 1 })).token.id);
  },
  async 'servers.check'({ data: { store }, origin, now }) {
    const policy = await store.filedPolicy();
    const crm = { ...policy.servers[Slug.parse('crm')], url: `${origin}/nothing`, allowPrivate: ['127.0.0.1'] };
    const file = PolicyFile.parse({ ...policy, servers: { ...policy.servers, crm } });
    await store.replacePolicy(file, await store.revision(), now);
    return { params: { server: 'crm' } };
  },
  'users.offboard': leaver,
  'users.take-back': leaver,
  'pins.diff': async (stage) => ({ params: { gateway: 'main', hash: (await pinned(stage)).hash } }),
  'pins.approve': decided,
  'pins.reject': decided,
  'audit.payload': async (stage) => withId(await capturedCall(stage)),
  'offers.approve': offered,
  'offers.deny': offered,
};

const withId = (id: string): Example => ({ params: { id } });

async function accessToken({ data: { store }, deps }: Stage, user: string): Promise<Example> {
  const of = { user, title: 'x', capabilities: undefined, days: 1 };
  return withId((await issueAccessToken({ ...byHand, store, now: deps.now }, of)).token.id);
}

async function exported({ deps: { trail } }: Stage): Promise<Example> {
  const of = { format: 'jsonl', filter: {} } as const;
  // One runs at a time.
  return withId((await until('another one may begin', () => trail.exports.begin(of).catch(() => false as const))).id);
}

async function offered({ data: { store }, now }: Stage): Promise<Example> {
  const { id } = await enrolled(store, 'ben');
  const offer = offerOf('memory', newId());
  await store.replaceOffers(id, [offer], now);
  return { params: { server: 'memory' }, body: { fingerprint: offer.fingerprint } };
}

/** A definition that waits. */
async function pinned({ data: { store }, now }: Stage) {
  const assignment = AssignmentId.parse((await store.policy()).ids.assignments['main/memory']);
  const name = { kind: 'tools', name: 'read_graph', hash: sha256(newId()) } as const;
  const of = { body: sha256('body'), definition: '{}', hints: {}, reason: 'new', suspicions: [], gone: [] } as const;
  await store.pin.saw(assignment, [{ ...name, ...of, state: 'waiting' }], { user: Slug.parse('ben'), workstation: null }, now);
  return name;
}

async function decided(stage: Stage): Promise<Example> {
  return { params: { gateway: 'main' }, body: { pins: [{ server: 'memory', ...(await pinned(stage)) }] } };
}

async function leaver({ data: { store }, now }: Stage): Promise<Example> {
  const email = `${newId()}@example.org`;
  const draft = { userName: email, externalId: null, displayName: null, email, emails: [], active: true, body: '{}' };
  const { user } = await store.directory.addPerson(draft, now);
  await store.directory.hold(user.slug, now);
  return { params: { user: user.slug } };
}

/** A call at the gateway `main` of which something was captured. `stored`: another text than its record stands for. */
export async function capturedCall(
  { data: { store }, deps, now, recorder }: Stage,
  { at = now, isCaptured = true, stored }: { readonly at?: number; readonly isCaptured?: boolean; readonly stored?: string } = {},
): Promise<RecordId> {
  const id = newRecordId(at);
  const seal = await createPayloadSeals({ store, keys: deps.keys, now: deps.now }).current();
  const textOf = (direction: PayloadDirection, what: 'asked' | 'answered') => {
    const message = { what, at, bytes: 16, text: JSON.stringify(`what was ${what}`), isCut: false };
    return JSON.stringify({
      version: 1,
      salt: newId(),
      mode: 'full',
      direction,
      messages: [message],
      beyond: 0,
    } satisfies Payload);
  };
  const texts = { request: textOf('request', 'asked'), response: textOf('response', 'answered') };
  const captured = { mode: 'full', request: sha256(texts.request), response: sha256(texts.response) } as const;
  const gateway = { id: GatewayId.parse((await store.policy()).ids.gateways['main']), name: 'main' };
  const record = callRecord(null, { id, at, gateway, ...(isCaptured && { captured }) });
  const sealed = payloadDirections.map((direction) => seal.seal({ record: id, direction, at }, stored ?? texts[direction]));
  await recorder.keep(record, isCaptured ? sealed : []);
  return id;
}
