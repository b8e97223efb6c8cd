// A workstation that is switched off, and one that is on again: the tunnel is cut and refused with words, and the bridge comes back by itself.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';
import { until } from '../../bridge/server/fixture.ts';
import { createEcho, hear, openTo } from './stage.ts';

const off = new Fault('SWITCHED_OFF', { what: 'The workstation', since: 'noon', until: '', reason: '' });

describe('a workstation', () => {
  test('that is switched off loses its tunnel with its children, is refused, and is back by itself once it is on', async () => {
    proves('switch.tunnel-cut', {
      file: 'gateway/tunnel/tunnels.ts',
      find: 'if (fault) link.cut(fault, closeCode.off);',
      replace: 'if (fault) continue;',
    });
    proves('switch.tunnel-back', {
      file: 'bridge/tunnel/dial.ts',
      find: "code === 'SWITCHED_OFF' ? backOff.next(performance.now()) : refusedEveryMs",
      replace: 'refusedEveryMs',
    });
    const state: { off?: Fault } = {};
    const { stage, device, launch, bridge } = await createEcho({ off: { member: () => state.off, server: () => undefined } });
    const events = hear();
    await openTo(stage, device, launch, events);
    state.off = off;
    stage.tunnels.switched();
    expect(stage.tunnels.count()).toBe(0);
    expect(events.closed.map((fault) => fault?.code)).toEqual(['SWITCHED_OFF']);
    await until(() => bridge.state.kind === 'refused');
    expect(bridge.state).toMatchObject({ code: 'SWITCHED_OFF', message: off.message });
    const since = bridge.state.since;
    // It asks again, and is refused again: what a person sees stays.
    await until(async () =>
      (await stage.events()).some(({ event, code }) => event === 'proof_refused' && code === 'SWITCHED_OFF'),
    );
    const seen = bridge.states.slice(bridge.states.findIndex(({ kind }) => kind === 'refused'));
    expect(seen.every((one) => one.kind === 'refused' && one.since === since)).toBe(true);
    delete state.off;
    await bridge.connected();
  });

  test('that is switched off while its tunnel is put on record gets none', async () => {
    proves('switch.tunnel-late', {
      file: 'gateway/tunnel/tunnels.ts',
      find: 'if (offNow) {',
      replace: 'if (offNow && isClosed) {',
    });
    let asked = 0;
    const { stage, device, bridge } = await createEcho({
      off: { member: () => (++asked > 1 && asked < 4 ? off : undefined), server: () => undefined },
    });
    await bridge.connected();
    expect(asked).toBeGreaterThan(3);
    expect(stage.tunnels.presence(device.workstation)).toBeDefined();
    expect((await stage.events()).some(({ event, code }) => event === 'tunnel_closed' && code === 'SWITCHED_OFF')).toBe(true);
  });

  test('keeps its tunnel where one of its servers is switched off, and loses that one', async () => {
    const state: { off?: Fault } = {};
    const { stage, device, launch } = await createEcho({ off: { member: () => undefined, server: () => state.off } });
    const events = hear();
    await openTo(stage, device, launch, events);
    state.off = off;
    stage.tunnels.switched();
    expect(events.closed.map((fault) => fault?.code)).toEqual(['SWITCHED_OFF']);
    expect(stage.tunnels.count()).toBe(1);
  });
});
