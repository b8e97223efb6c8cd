// AI hosts that come through the shim: channels that the bridge opens, served by whoever the gateway server names.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { AcceptHost, Channel, HostOpen, Presence } from '../../../gateway/tunnel/hub.ts';
import { until } from '../../bridge/server/fixture.ts';
import { createEcho, createStage, hear } from './stage.ts';

const open = { host: 'codex', gateway: Slug.parse('eng'), server: Slug.parse('memory') };

describe('a host', () => {
  test('that is accepted speaks both ways, as the user and workstation of its tunnel', async () => {
    const seen: { presence: Presence; open: HostOpen }[] = [];
    const acceptHost: AcceptHost = (presence, asked, channel) => {
      seen.push({ presence, open: asked });
      return Promise.resolve({ onMessage: (body) => channel.send(body), onAborted: () => undefined, onClosed: () => undefined });
    };
    const { bridge, device } = await createEcho({ acceptHost });
    const heard = hear();
    const channel = await bridge.openHost(open, heard);
    const lines = Array.from({ length: 200 }, (_, id) => Buffer.from(`{"id":${id},"x":"${'y'.repeat(id * 500)}"}`));
    await Promise.all(lines.map((line) => channel.send(line)));
    await until(() => heard.messages.length === lines.length);
    expect(Buffer.compare(Buffer.concat(heard.messages), Buffer.concat(lines))).toBe(0);
    expect(seen).toMatchObject([{ presence: { workstation: device.workstation, user: device.user }, open }]);
  });

  test('that is refused hears why', async () => {
    const acceptHost: AcceptHost = () => Promise.reject(new Fault('GATEWAY_NOT_GRANTED', { gateway: 'eng' }));
    const { bridge } = await createEcho({ acceptHost });
    await expect(bridge.openHost(open, hear())).rejects.toMatchObject({
      code: 'GATEWAY_NOT_GRANTED',
      message: expect.stringMatching(/"eng" is not granted/),
    });
  });

  test('whose acceptance fails for a reason of ours learns only a reference', async () => {
    const acceptHost: AcceptHost = () => Promise.reject(new Error('a secret of the gateway'));
    const { bridge } = await createEcho({ acceptHost });
    const fault = await bridge.openHost(open, hear()).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'INTERNAL' });
    expect(String(fault)).not.toContain('secret of');
  });

  test('that leaves is told to who serves it, after what it said', async () => {
    const served = hear();
    const { bridge } = await createEcho({ acceptHost: () => Promise.resolve(served) });
    const channel = await bridge.openHost(open, hear());
    void channel.send(Buffer.alloc(3_000_000, 120));
    channel.close();
    await until(() => served.closed.length === 1);
    expect(served.messages.map((body) => body.length)).toEqual([3_000_000]);
    expect(served.closed).toEqual([undefined]);
  });

  test('gets what was said last before its channel was closed', async () => {
    let channel: Channel | undefined;
    const acceptHost: AcceptHost = (_, __, given) => {
      channel = given;
      return Promise.resolve(hear());
    };
    const { bridge } = await createEcho({ acceptHost });
    const heard = hear();
    await bridge.openHost(open, heard);
    channel?.send(Buffer.alloc(3_000_000, 120));
    channel?.close();
    await until(() => heard.closed.length === 1);
    expect(heard.messages.map((body) => body.length)).toEqual([3_000_000]);
  });

  test('loses its channel with the tunnel, and who serves it is told', async () => {
    const served = hear();
    const { stage, bridge } = await createEcho({ acceptHost: () => Promise.resolve(served) });
    const heard = hear();
    const channel = await bridge.openHost(open, heard);
    stage.proxy.mode = 'reset';
    await until(() => heard.closed.length === 1 && served.closed.length === 1);
    expect([heard.closed[0]?.code, served.closed[0]?.code]).toEqual(['TUNNEL_LOST', 'TUNNEL_LOST']);
    await expect(channel.send(Buffer.from('{}'))).rejects.toMatchObject({ code: 'TUNNEL_LOST' });
  });

  test('without a tunnel is refused with the reason', async () => {
    const stage = await createStage();
    const bridge = stage.bridge(await stage.device('ada'));
    await bridge.connected();
    await stage.tunnels.close();
    await until(() => bridge.state.kind === 'offline');
    await expect(bridge.openHost(open, hear())).rejects.toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
  });

  test('that does not read holds back who serves it, and what waits has a bound', async () => {
    let channel: Channel | undefined;
    const acceptHost: AcceptHost = (_, __, given) => {
      channel = given;
      return Promise.resolve(hear());
    };
    const { bridge } = await createEcho({ acceptHost });
    const never = new Promise<void>(() => undefined);
    await bridge.openHost(open, { ...hear(), onMessage: () => never });
    const fill = (): void => {
      for (let i = 0; i < 40; i++) channel?.send(Buffer.alloc(1_000_000, 120));
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'BUSY' }));
  });
});
