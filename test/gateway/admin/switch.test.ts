// Switches as administrators turn them: names that lead to nothing, who may, and what is on record.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Capability, capabilities as all } from '#contract/capability.ts';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { Actor } from '../../../gateway/admin/actor.ts';
import { switchedOff, switchOff, switchOn } from '../../../gateway/admin/switch.ts';
import { proves } from '../../requirement.ts';
import { enrolled, hostToken, slug } from '../../suite/sample.ts';
import { byHand, type Data, openData } from '../data.ts';

const policy = PolicyFile.parse({
  version: 1,
  users: {
    ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] },
    ben: { email: 'ben@example.org', teams: ['eng'] },
  },
  teams: { eng: { gateways: ['main'] } },
  servers: { memory: { kind: 'workstation' }, crm: { kind: 'remote', url: 'https://crm.example.org/mcp', auth: 'header' } },
  gateways: { main: { assignments: { memory: { tools: 'all' } } }, side: {} },
});
const now = 1_000_000;
let data: Data;
beforeEach(async () => {
  data = await openData(policy);
});
afterEach(() => data.close());

const said = { reason: 'it leaks', isTold: false, forMs: undefined };
const acting = () => ({ ...byHand, store: data.store });
const off = (kind: Parameters<typeof switchOff>[1]['kind'], name?: string) => switchOff(acting(), { kind, name, ...said }, now);
const user = (...capabilities: Capability[]): Actor => ({
  kind: 'user',
  user: { id: UserId.parse(newId()), slug: Slug.parse('ben') },
  accessToken: { id: TokenId.parse(newId()), expiresAt: 1e12, hash: '' },
  capabilities: new Set(capabilities),
  gateways: new Set(['main']),
});

describe('switch off', () => {
  test('takes the name of what there is, and refuses what leads to nothing, with what was meant', async () => {
    proves('switch.name-leads', {
      file: 'gateway/admin/switch.ts',
      find: 'if (!names.includes(name)) throw',
      replace: 'if (names.length === 0) throw',
    });
    expect(await off('user', 'ben')).toEqual({
      kind: 'user',
      name: 'ben',
      owner: null,
      reason: 'it leaks',
      isTold: false,
      since: now,
      until: null,
      by: 'test at the command line',
    });
    for (const [kind, name] of [
      ['user', 'bne'],
      ['server', 'memry'],
      ['gateway', 'mian'],
      ['assignment', 'side/memory'],
      ['connection', newId()],
      ['workstation', newId()],
      ['host', 'codex'],
      ['identity', 'crm/nobody'],
      ['everything', 'all'],
    ] as const)
      await expect(off(kind, name), kind).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    await expect(off('server')).rejects.toMatchObject({ code: 'SETTING_INVALID' });
    for (const [kind, name, known] of [
      ['assignment', 'main/memory', 'main/memory'],
      ['host', 'agent:assistant', 'agent:assistant'],
      ['identity', 'crm/ben@main', 'crm/ben@main'],
      ['identity', 'crm', 'crm'],
      ['everything', undefined, 'everything'],
    ] as const)
      expect(await off(kind, name)).toMatchObject({ kind, name: known });
    expect(await switchedOff(data.store, now)).toHaveLength(6);
  });

  test('is on record with its reason, and so is on', async () => {
    proves('switch.on-record', {
      file: 'gateway/admin/switch.ts',
      find: 'await doing(said, now, deed).switchOff(off);',
      replace: 'await acting.store.switchOff(off);',
    });
    await off('server', 'memory');
    await switchOn(acting(), { kind: 'server', name: 'memory' }, now);
    expect(await switchedOff(data.store, now)).toEqual([]);
    const deeds = await data.store.administration.takeDeeds(now, now + 1, 10);
    expect(deeds.map(({ deed }) => deed)).toMatchObject([
      { operation: 'switches.off', target: 'server memory', reason: 'it leaks', before: null, after: { reason: 'it leaks' } },
      { operation: 'switches.on', target: 'server memory', before: { reason: 'it leaks' }, after: null },
    ]);
  });

  test('of a workstation knows its hostname, and whose it is', async () => {
    const { id } = await enrolled(data.store, 'ben');
    expect(await off('workstation', 'laptop')).toMatchObject({ name: id, owner: 'ben' });
    await enrolled(data.store, 'ada');
    await expect(off('workstation', 'laptop')).rejects.toMatchObject({ code: 'CHOICE_NEEDED' });
    expect(await off('workstation', id)).toMatchObject({ name: id });
  });

  test('of a gateway needs that gateway, and of a user all that the user may', async () => {
    proves('switch.not-above', {
      file: 'gateway/admin/switch.ts',
      find: "if (target.kind === 'user') refuseOver(",
      replace: "if (target.kind === 'gateway') refuseOver(",
    });
    const by = (actor: Actor, kind: 'gateway' | 'user', name: string) =>
      switchOff({ ...acting(), actor }, { kind, name, ...said }, now);
    const ben = user('switches.manage', 'gateways.use');
    expect(await by(ben, 'gateway', 'main')).toMatchObject({ by: 'ben' });
    await expect(by(ben, 'gateway', 'side')).rejects.toMatchObject({ code: 'GATEWAY_NOT_GRANTED' });
    await expect(by(ben, 'user', 'ada')).rejects.toMatchObject({ code: 'ABOVE_OWN' });
    expect(await by(user(...all), 'user', 'ada')).toMatchObject({ name: 'ada' });
    await expect(switchOn({ ...acting(), actor: ben }, { kind: 'user', name: 'ada' }, now)).rejects.toMatchObject({
      code: 'ABOVE_OWN',
    });
  });

  test('of somebody who may do no more than everybody needs no more than that', async () => {
    const narrow = { ...acting(), actor: user('switches.manage') };
    expect(await switchOff(narrow, { kind: 'user', name: 'ben', ...said }, now)).toMatchObject({ name: 'ben' });
    expect(await switchOn(narrow, { kind: 'user', name: 'ben' }, now)).toMatchObject({ name: 'ben' });
  });

  test('of what is at one gateway needs that gateway, off and on', async () => {
    const [here, there] = [hostToken('ben'), { ...hostToken('ben'), gateway: slug('side') }];
    for (const token of [here, there]) await data.store.addToken(token);
    const ben = { ...acting(), actor: user('switches.manage') };
    for (const [kind, name] of [
      ['connection', there.id],
      ['identity', 'crm/ben@side'],
    ] as const) {
      const refused = { code: 'GATEWAY_NOT_GRANTED' };
      await expect(switchOff(ben, { kind, name, ...said }, now), kind).rejects.toMatchObject(refused);
      await off(kind, name);
      await expect(switchOn(ben, { kind, name }, now), kind).rejects.toMatchObject(refused);
    }
    expect(await switchOff(ben, { kind: 'connection', name: here.id, ...said }, now)).toMatchObject({ name: here.id });
  });

  test('of what is gone meanwhile can be turned on again, and of what is on can not', async () => {
    await off('server', 'memory');
    const { memory: _, ...servers } = policy.servers as Record<string, unknown>;
    const without = PolicyFile.parse({ ...policy, servers, gateways: { main: {}, side: {} } });
    await data.store.replacePolicy(without, await data.store.revision(), now);
    expect(await switchOn(acting(), { kind: 'server', name: 'memory' }, now)).toMatchObject({ name: 'memory' });
    await expect(switchOn(acting(), { kind: 'server', name: 'crm' }, now)).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });
});
