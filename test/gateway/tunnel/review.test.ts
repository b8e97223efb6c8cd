// What changes in the store reaches the tunnels that are up: revocation, verdicts, gateways. And what devices offer reaches the store.
import { describe, expect, test } from 'vitest';
import { closeCode } from '#contract/frame.ts';
import { PolicyFile } from '#contract/policy.ts';
import { runs, until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { createMemoryBus } from '../../../gateway/bus/memory.ts';
import type { Recorder } from '../../../gateway/audit/record.ts';
import { openRaw, shake } from './raw-bridge.ts';
import { createEcho, createStage, hear, openTo, silent, type Stage } from './stage.ts';

describe('a revoked workstation', () => {
  test('loses its tunnel and its children within two seconds, and does not dial again', async () => {
    proves('tunnel.revoked-cut', {
      file: 'gateway/tunnel/review.ts',
      find: "link.cut(new Fault('WORKSTATION_REVOKED'), closeCode.revoked);",
      replace: '',
    });
    const { stage, device, launch, pool, bridge } = await createEcho();
    const events = hear();
    await openTo(stage, device, launch, events);
    const pids = pool.health().flatMap((one) => [...one.pids]);
    const revokedAt = performance.now();
    await stage.store.revokeWorkstation(device.workstation, Date.now());
    await until(async () => !(await Promise.all(pids.map(runs))).includes(true) && stage.tunnels.count() === 0);
    // Within two seconds where the machine is free.
    expect(performance.now() - revokedAt).toBeLessThan(6000);
    expect(events.closed.map((fault) => fault?.code)).toEqual(['WORKSTATION_REVOKED']);
    await until(() => bridge.state.kind === 'refused');
    expect(bridge.state).toMatchObject({ code: 'WORKSTATION_REVOKED', retryAtMs: null });
    const before = stage.proxy.connections();
    bridge.wake();
    await until(() => bridge.states.filter((state) => state.kind === 'refused').length === 2);
    expect(stage.proxy.connections()).toBe(before + 1);
    await until(async () => (await stage.events()).some((one) => one.event === 'tunnel_closed'));
    expect((await stage.events()).map((one) => [one.event, one.code])).toContainEqual(['tunnel_closed', 'WORKSTATION_REVOKED']);
  });

  test('is cut also where only its user is gone', async () => {
    const { stage, bridge } = await createEcho();
    const policy = PolicyFile.parse({ version: 1, users: { bob: { email: 'bob@example.org' } } });
    await stage.store.replacePolicy(policy, await stage.store.revision(), Date.now());
    await until(() => bridge.state.kind === 'refused');
    expect(stage.tunnels.count()).toBe(0);
  });
});

describe('a workstation that connects', () => {
  test('is cut where it was revoked between its proof and its welcome', async () => {
    proves('tunnel.joined-reviewed', {
      file: 'gateway/tunnel/tunnels.ts',
      find: 'review.joined(link, hands.asOf);',
      replace: '',
    });
    const ready = Promise.withResolvers<Stage>();
    // Nothing else tells this gateway server that something changed.
    const bus = createMemoryBus({ logger: silent });
    const recorder: Recorder = {
      async append(record) {
        const { store, recorder: real } = await ready.promise;
        const isOpening = record.kind === 'event' && record.event === 'tunnel_opened';
        if (isOpening && record.workstation) await store.revokeWorkstation(record.workstation, Date.now());
        return real.append(record);
      },
      close: () => Promise.resolve(),
    };
    const stage = await createStage({ bus, recorder });
    ready.resolve(stage);
    const device = await stage.device('ada');
    // By hand, because what a bridge offers would be a reason of its own to look at it.
    const raw = await openRaw(stage.port);
    expect((await shake(raw, device, stage.origin)).name).toBe('welcome');
    expect(await raw.closed).toBe(closeCode.revoked);
    expect(stage.tunnels.count()).toBe(0);
  });

  test('was last seen then, and when its tunnel ended', async () => {
    const { stage, device, bridge } = await createEcho();
    const seenAt = async () => (await stage.store.workstationsOf([device.workstation])).get(device.workstation)?.lastSeenAt ?? 0;
    await until(async () => (await seenAt()) > 0);
    const first = await seenAt();
    await bridge.close();
    await until(async () => (await seenAt()) > first);
  });
});

describe('offers and verdicts', () => {
  test('an offer is stored and answered with what was decided on it', async () => {
    proves('tunnel.offers-answered', {
      file: 'gateway/tunnel/review.ts',
      find: "known.lastVerdict = '';",
      replace: '',
    });
    const { stage, device, launch, bridge } = await createEcho();
    await until(() => bridge.verdicts.length === 1);
    expect(bridge.verdicts).toEqual([[]]);
    expect(await stage.store.offers()).toMatchObject([{ workstation: device.workstation, server: 'echo' }]);
    const { server } = launch.source;
    await stage.store.decide(server, launch.fingerprint, 'approved', null, Date.now());
    await until(() => bridge.verdicts.length === 2);
    expect(bridge.verdicts[1]).toEqual([{ server, fingerprint: launch.fingerprint, decision: 'approved' }]);
  });

  test('a denial ends the server that runs', async () => {
    proves('tunnel.denied-ends', {
      file: 'gateway/tunnel/link.ts',
      find: 'if (fault) channel.endWith(fault);',
      replace: 'if (fault) continue;',
    });
    const { stage, device, launch, pool } = await createEcho();
    const events = hear();
    await openTo(stage, device, launch, events);
    await stage.store.decide(launch.source.server, launch.fingerprint, 'denied', 'no', Date.now());
    await until(() => events.closed.length === 1 && pool.health().every(({ pids }) => pids.length === 0));
    expect(events.closed[0]?.code).toBe('SERVER_DENIED');
  });

  test('what a device no longer offers is gone from the store', async () => {
    const offered: { now: boolean } = { now: true };
    const { stage, device, launch } = await createEcho();
    const offer = { server: launch.source.server, fingerprint: launch.fingerprint, command: launch.command, hosts: [] };
    const bridge = stage.bridge(device, { offers: () => (offered.now ? [offer] : []) });
    await bridge.connected();
    offered.now = false;
    bridge.offersChanged();
    await until(async () => (await stage.store.offers()).length === 0);
  });
});

describe('gateways', () => {
  test('that the user may reach are told at the welcome and when they change', async () => {
    const { stage, bridge } = await createEcho();
    expect(bridge.state).toMatchObject({ kind: 'connected', gateways: ['eng'] });
    const { policy } = await stage.store.policy();
    const more = PolicyFile.parse({ ...policy, teams: { dev: { gateways: ['eng', 'ops'] } }, gateways: { eng: {}, ops: {} } });
    await stage.store.replacePolicy(more, await stage.store.revision(), Date.now());
    await until(() => bridge.state.kind === 'connected' && bridge.state.gateways.length === 2);
    expect(bridge.state).toMatchObject({ gateways: ['eng', 'ops'] });
  });
});
