// Both real ends of a tunnel over a real WebSocket, with the real store, recorder and pool: messages, limits, pace, the ways a channel ends.
import { describe, expect, test } from 'vitest';
import { Fingerprint } from '#contract/id.ts';
import { poolOf, until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { createEcho, folder, hear, launchProgram, offersOf, openTo } from './stage.ts';

const line = (id: number, size = 10): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: 'x'.repeat(size) }));

describe('messages', () => {
  test('go to a local server and back unchanged, small and of the limit, many at once', async () => {
    const { stage, device, launch } = await createEcho();
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    const sent = [...Array.from({ length: 300 }, (_, id) => line(id)), line(300, 7_000_000), line(301, 70_000), line(302)];
    for (const message of sent) channel.send(message);
    await until(() => events.messages.length === sent.length);
    expect(Buffer.compare(Buffer.concat(events.messages), Buffer.concat(sent))).toBe(0);
  });

  test('over the limit are refused at the sender, and the channel lives', async () => {
    const { stage, device, launch } = await createEcho({ messageLimitBytes: 100_000 });
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    expect(() => channel.send(line(1, 100_000))).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
    channel.send(line(2));
    await until(() => events.messages.length === 1);
  });

  test('over the limit from a local server are given up with MESSAGE_TOO_LARGE, and the next one arrives', async () => {
    proves('tunnel.oversize-aborted', {
      file: 'bridge/tunnel/route.ts',
      find: 'onOversize: (fault, remnant) => channel.abort(fault, remnant),',
      replace: 'onOversize: () => undefined,',
    });
    const launch = launchProgram('echo', '/bin/cat');
    const pool = poolOf([launch], await folder(), { limits: { messageBytes: 100_000 } });
    const { stage, device } = await createEcho({}, { pool, offers: () => offersOf(launch) });
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    channel.send(line(1, 200_000));
    channel.send(line(2));
    await until(() => events.messages.length === 1);
    // At once, and again with what it ended with.
    expect(new Set(events.aborted.map((fault) => fault.code))).toEqual(new Set(['MESSAGE_TOO_LARGE']));
    expect([events.remnants.at(-1)?.head.slice(0, 34), events.remnants.at(-1)?.tail?.slice(-3)]).toEqual([
      line(1).toString('latin1', 0, 34),
      'x"}',
    ]);
    expect(events.messages.map(String)).toEqual([line(2).toString()]);
  });
});

describe('pace', () => {
  test('a local server that does not read holds its sender back, and only so much waits', async () => {
    const launch = launchProgram('deaf', '/bin/sleep', '600');
    const pool = poolOf([launch], await folder());
    const { stage, device } = await createEcho({}, { pool, offers: () => offersOf(launch) });
    const channel = await openTo(stage, device, launch, hear());
    let sent = 0;
    const fill = (): void => {
      for (; sent < 100; sent++) channel.send(line(sent, 1_000_000));
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'BUSY' }));
    // Three times the limit of a message waits here; the window and the pipe hold about one more.
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(28);
    channel.close();
    await until(() => pool.health().every(({ pids }) => pids.length === 0));
  });
});

describe('a channel', () => {
  test('to a server that the device does not offer is refused in its words', async () => {
    const { stage, device, launch } = await createEcho();
    const other = { ...launch, fingerprint: Fingerprint.parse(`sha256:${'f'.repeat(64)}`) };
    await expect(openTo(stage, device, other, hear())).rejects.toMatchObject({ code: 'SERVER_NOT_OFFERED' });
  });

  test('to a workstation that is not connected is refused at once', async () => {
    const { stage, device, launch, bridge } = await createEcho();
    await bridge.close();
    await until(() => stage.tunnels.presence(device.workstation) === undefined);
    await expect(openTo(stage, device, launch, hear())).rejects.toMatchObject({ code: 'WORKSTATION_OFFLINE' });
  });

  test('ends with what its server said last, and why', async () => {
    const launch = launchProgram('brief', '/bin/sh', '-c', 'read line; echo \'{"said":1}\'; echo alas >&2; exit 3');
    const pool = poolOf([launch], await folder());
    const { stage, device } = await createEcho({}, { pool, offers: () => offersOf(launch) });
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    channel.send(line(1));
    await until(() => events.closed.length === 1);
    expect(events.messages.map(String)).toEqual(['{"said":1}']);
    expect(events.closed[0]).toMatchObject({ code: 'SERVER_EXITED', message: expect.stringMatching(/alas/) });
  });

  test('that is given up while it opens leaves nothing behind, and tells its events nothing', async () => {
    const { stage, device, launch, pool } = await createEcho();
    const events = hear();
    const gone = new AbortController();
    const { server } = launch.source;
    const opening = stage.tunnels.open(device.workstation, server, launch.fingerprint, events, gone.signal);
    gone.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    const next = await openTo(stage, device, launch, hear());
    await until(() => pool.health().flatMap(({ pids }) => pids).length === 1);
    next.close();
    expect(events.closed).toEqual([]);
  });

  test('that is closed ends its child and tells its events once', async () => {
    proves('tunnel.close-ends-child', {
      file: 'bridge/tunnel/route.ts',
      find: `      onClosed() {
        isOver = true;
        if (child !== undefined) end(child);`,
      replace: `      onClosed() {
        isOver = true;`,
    });
    const { stage, device, launch, pool } = await createEcho();
    const events = hear();
    const channel = await openTo(stage, device, launch, events);
    channel.close();
    channel.close();
    expect(events.closed).toEqual([undefined]);
    expect(() => channel.send(line(1))).toThrow(expect.objectContaining({ code: 'TUNNEL_LOST' }));
    await until(() => pool.health().every(({ pids }) => pids.length === 0));
  });

  test('the workstation used last stands first', async () => {
    const { stage, launch, device } = await createEcho();
    const second = await stage.device('ada');
    const pool = poolOf([launch], await folder());
    await stage.bridge(second, { pool, offers: () => offersOf(launch) }).connected();
    const first = await openTo(stage, device, launch, hear());
    const other = await openTo(stage, second, launch, hear());
    first.send(line(1));
    expect(stage.tunnels.presences(device.user).map((one) => one.workstation)).toEqual([device.workstation, second.workstation]);
    other.send(line(2));
    expect(stage.tunnels.presences(device.user)[0]?.workstation).toBe(second.workstation);
    expect(stage.tunnels.count()).toBe(2);
  });
});
