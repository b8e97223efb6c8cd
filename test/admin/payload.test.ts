// What was captured of a call, by the admin API: who may read it, that it was read, and what is no longer what the record stands for.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Capability } from '#contract/capability.ts';
import { RecordId, Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { verifyPayloads } from '../../gateway/admin/payload-verify.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { root, run } from '../walk/program.ts';
import { capturedCall } from './prepare.ts';
import { openStage, type Stage } from './stage.ts';

const policy = PolicyFile.parse({
  version: 1,
  users: {
    ada: { email: 'ada@example.org', role: 'super-admin' },
    ben: { email: 'ben@example.org', role: 'reader', teams: ['eng'] },
    eve: { email: 'eve@example.org', role: 'reader' },
  },
  roles: { reader: { capabilities: ['payloads.read'] } },
  teams: { eng: { gateways: ['main'] } },
  gateways: { main: { capture: 'full' }, side: {} },
});
let stage: Stage;
beforeEach(async () => {
  stage = await openStage(policy);
});
afterEach(() => stage.close());

async function read(user: string, id: RecordId, query: { reason?: string } = {}, capabilities?: readonly Capability[]) {
  return await stage.client(await stage.token(user, capabilities)).call('audit.payload', { params: { id }, query });
}
const codeOf = async (user: string, id: RecordId) => {
  const answer = await read(user, id);
  return answer.ok ? 'shown' : answer.refusal.code;
};

/** Does something to the database as somebody else who has it. */
function tamper(statement: string): void {
  const raw = new Database(stage.data.file);
  raw.exec(statement);
  raw.close();
}

test('whoever may read payloads and reaches the gateway is shown what was said, and that they read it is on record with why', async () => {
  proves('capture.reading-on-record', {
    file: 'gateway/admin/payload.ts',
    find: '}).administration.noteDeed();',
    replace: '});',
  });
  const id = await capturedCall(stage);
  expect(await read('ben', id, { reason: 'ticket 7' })).toMatchObject({
    ok: true,
    answer: {
      record: id,
      gateway: 'main',
      mode: 'full',
      payloads: [
        { direction: 'request', messages: [{ what: 'asked', text: '"what was asked"' }], beyond: 0 },
        { direction: 'response', messages: [{ what: 'answered', text: '"what was answered"' }], beyond: 0 },
      ],
    },
  });
  stage.deeds.look();
  const deedsOf = async () => (await stage.records()).filter((one) => one.kind === 'deed' && one.operation === 'audit.payload');
  expect(await until('it is on record', async () => (await deedsOf()).length > 0 && deedsOf())).toMatchObject([
    { actor: { user: { name: 'ben' } }, target: id, reason: 'ticket 7', after: { gateway: 'main', mode: 'full' } },
  ]);
  expect(JSON.stringify(await stage.records())).not.toContain('what was');
});

test('whoever does not reach the gateway, or lacks the capability, is shown nothing', async () => {
  proves('capture.reach', {
    file: 'gateway/admin/payload.ts',
    find: 'if (record) needGateway(actor, await gatewayOf(store, record));',
    replace: 'if (record) undefined;',
  });
  const id = await capturedCall(stage);
  expect(await codeOf('eve', id)).toBe('GATEWAY_NOT_GRANTED');
  // Another gateway of the same name, later.
  const { store } = stage.data;
  const without = { ...policy, teams: { eng: { gateways: [] } }, gateways: {} };
  for (const next of [PolicyFile.parse(without), policy]) await store.replacePolicy(next, await store.revision(), 1);
  expect(await codeOf('ben', id)).toBe('GATEWAY_NOT_GRANTED');
  expect(await codeOf('ada', id)).toBe('shown');
});

test('what was altered, moved or taken away in the database is not shown', async () => {
  proves('capture.checked', {
    file: 'gateway/admin/payload.ts',
    find: "if (hash('sha256', text) !== expected)",
    replace: "if (text === '')",
  });
  const [first, second] = [await capturedCall(stage), await capturedCall(stage)];
  tamper(`update payload set record_id = '${first}x' where record_id = '${first}'`);
  tamper(`update payload set record_id = '${first}' where record_id = '${second}'`);
  expect(await codeOf('ada', first)).toBe('PAYLOAD_ALTERED');
  const third = await capturedCall(stage);
  tamper(`delete from payload where record_id = '${third}' and direction = 'request'`);
  expect(await codeOf('ada', third)).toBe('PAYLOAD_ALTERED');
  for (const change of [`sealed = 'AAAA'`, 'at = at + 1', `key_id = (select id from payload_key where id <> key_id limit 1)`]) {
    const one = await capturedCall(stage);
    tamper(`update payload set ${change} where record_id = '${one}' and direction = 'response'`);
    expect(await codeOf('ada', one)).toBe('PAYLOAD_ALTERED');
  }
  // Sealed rightly, and another text than the record stands for.
  const fourth = await capturedCall(stage, { stored: 'something else' });
  expect(await codeOf('ada', fourth)).toBe('PAYLOAD_ALTERED');
});

test('whether a gateway captures is shown and said by the API, and all else of it stays', async () => {
  const ada = stage.client(await stage.token('ada'));
  const params = { gateway: Slug.parse('side') };
  expect(await ada.call('gateways.read', { params })).toMatchObject({ answer: { capture: 'off' } });
  const changed = await ada.call('gateways.capture', { params, body: { capture: 'redacted' }, query: { reason: 'ticket 8' } });
  expect(changed).toMatchObject({ ok: true, answer: { slug: 'side', capture: 'redacted' } });
  const { gateways } = await stage.data.store.filedPolicy();
  expect(gateways).toEqual({ ...policy.gateways, side: { assignments: {}, capture: 'redacted' } });
});

test('what is not there says why', async () => {
  const at = stage.now - 31 * 86_400_000;
  const id = await capturedCall(stage, { at });
  const reasonOf = async (record: RecordId) => {
    while ((await stage.data.store.search.index(500)) > 0);
    const answer = await read('ada', record);
    return answer.ok ? 'shown' : answer.refusal.message;
  };
  expect(await reasonOf(id)).toContain('it has kept its time and was removed');
  const taken = await capturedCall(stage);
  tamper(`delete from payload where record_id = '${taken}'`);
  expect(await reasonOf(taken)).toContain('it is gone before its time (30d)');
  expect(await reasonOf(await capturedCall(stage, { isCaptured: false }))).toContain('nothing was captured of this call');
  const unknown = 'there is no such call';
  expect(await reasonOf(RecordId.parse('0198c0de-0000-7000-8000-00000000000f'))).toContain(unknown);
});

test('verifying them names each that is missing, was exchanged, moved, added or does not open, and shows nothing', async () => {
  proves('capture.verified', {
    file: 'gateway/admin/payload-verify.ts',
    find: '=== expected ? undefined :',
    replace: '!== expected ? undefined :',
  });
  const { data, deps } = stage;
  const verify = () => verifyPayloads({ store: data.store, keys: deps.keys, now: deps.now });
  const [whole, gone, moved, other, aged, changed] = [
    await capturedCall(stage),
    await capturedCall(stage),
    await capturedCall(stage),
    await capturedCall(stage),
    await capturedCall(stage),
    await capturedCall(stage, { stored: 'another text' }),
  ];
  // What has kept its time is nobody's loss.
  const old = await capturedCall(stage, { at: deps.now() - 40 * 86_400_000 });
  tamper(`delete from payload where record_id = '${old}'`);
  tamper(`delete from payload where record_id = '${gone}' and direction = 'response'`);
  tamper(
    `update payload set place = (select place from payload where record_id = '${whole}' limit 1) where record_id = '${moved}'`,
  );
  // As if it had kept its time, so that nobody looks at it and it is removed.
  tamper(`update payload set at = 0 where record_id = '${aged}'`);
  tamper(`update payload set sealed = substr(sealed, 1, 40) || 'AAAA' || substr(sealed, 45) where record_id = '${other}'`);
  const found = await verify();
  const namesOf = (of: typeof found) =>
    of.broken.map(({ record, direction, why }) => `${record} ${direction}: ${why}`).toSorted();
  expect(found).toMatchObject({ payloads: 9, beyond: 0 });
  const both = (id: RecordId, why: string) => ['request', 'response'].map((direction) => `${id} ${direction}: ${why}`);
  expect(namesOf(found)).toEqual(
    [
      `${gone} response: it is missing`,
      ...both(moved, 'it was written with another record, or its record is gone'),
      ...both(aged, 'it says that it is older than its record'),
      ...both(other, 'it is not what was sealed, or its data key is gone or is not'),
      ...both(changed, 'it has another hash than its record names'),
    ].toSorted(),
  );
  for (const said of ['what was asked', 'what was answered', 'another text']) expect(JSON.stringify(found)).not.toContain(said);
  tamper(`update payload_key set sealed = replace(sealed, '1.', '2.')`);
  expect((await verify()).broken.filter(({ record }) => record === whole)).toHaveLength(2);
});

test('the command line verifies them too, names what is wrong, and ends with 1 then', async () => {
  const verify = (...flags: string[]) =>
    run(join(root, 'gateway/cli.ts'), ['audit', 'verify', ...flags, '--data', stage.data.dir]);
  const [id] = [await capturedCall(stage), await capturedCall(stage)];
  const whole = await verify('--payloads');
  expect([whole.stderr, whole.code]).toEqual(['', 0]);
  expect(whole.stdout).toMatch(/^whole: \d+ records in 1 chain\n(?:.*\n)*whole: 4 captured payloads\n$/);
  tamper(`delete from payload where record_id = '${id}' and direction = 'request'`);
  const [broken, told, records] = await Promise.all([verify('--payloads'), verify('--payloads', '--json'), verify()]);
  expect(broken).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('1 captured payload is not what its record stands for'),
  });
  expect(broken.stdout).toContain(`${id} request: it is missing\n`);
  expect([told.code, JSON.parse(told.stdout)]).toMatchObject([
    1,
    { ok: true, captured: { payloads: 3, broken: [{ record: id, direction: 'request', why: 'it is missing' }], beyond: 0 } },
  ]);
  expect(records.code).toBe(0);
});
