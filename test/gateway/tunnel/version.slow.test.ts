// What version 2 of the tunnel brought, between both ends: the user's own calls, reports that are told until they are on record, and peers of version 1.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { RecentCall } from '#contract/recent-call.ts';
import { closeCode, frameType, tunnelSubprotocol } from '#contract/frame.ts';
import { jsonFrame, readBody, readFrames, readStep } from '#contract/frame-codec.ts';
import { newId } from '#contract/id.ts';
import type { Report } from '#contract/report.ts';
import { until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';
import { callRecord, postureOf } from '../../suite/sample.ts';
import { challenge, helloOf, openRaw, proofOf } from './raw-bridge.ts';
import type { Party, RawBridge } from './raw-bridge.ts';
import { createStage } from './stage.ts';
import type { Stage } from './stage.ts';

async function welcomed(stage: Stage, party: Party, versions: number[]): Promise<RawBridge> {
  const bridge = await openRaw(stage.port);
  bridge.socket.send(proofOf(party, stage.origin, await challenge(bridge, helloOf(party, versions))));
  expect(readStep(await bridge.next(), ['welcome', 'refuse']).name).toBe('welcome');
  return bridge;
}
const pauseReport = (): Report => ({
  id: newId(),
  at: Date.now(),
  event: 'workstation_paused',
  until: Date.now() + 60_000,
  reason: 'x',
});

describe('recent calls', () => {
  test('go to every workstation of their user that understands them, after they were kept, and to nobody else', async () => {
    const stage = await createStage();
    const [first, second, other] = [await stage.device('ada'), await stage.device('ada'), await stage.device('bob')];
    const heard = new Map<string, RecentCall[]>();
    for (const device of [first, second, other]) {
      const told: RecentCall[] = [];
      heard.set(device.workstation, told);
      await stage.bridge(device, { onCalls: (calls) => void told.push(...calls) }).connected();
    }
    for (let at = 1; at <= 3; at++) stage.tunnels.recorded(callRecord(first.user, { at, tool: `t${at}` }));
    stage.tunnels.recorded(callRecord(other.user, { at: 4, decision: 'refused', code: 'TOOL_NOT_PROVISIONED' }));
    stage.tunnels.recorded(callRecord(first.user, { method: 'tools/list', tool: null }));
    stage.tunnels.recorded(callRecord(null, { decision: 'refused', code: 'UNAUTHENTICATED' }));
    await until(() => heard.get(other.workstation)?.length === 1 && heard.get(second.workstation)?.length === 3);
    for (const device of [first, second])
      expect(heard.get(device.workstation)?.map(({ tool }) => tool)).toEqual(['t3', 't2', 't1']);
    expect(heard.get(other.workstation)).toMatchObject([
      {
        decision: 'refused',
        code: 'TOOL_NOT_PROVISIONED',
        message: 'The tool "echo" is not provisioned on this gateway. Ask your administrator.',
      },
    ]);
  });

  test('of a busy user are told as the newest few, in few frames', async () => {
    const stage = await createStage();
    const device = await stage.device('ada');
    const frames: (readonly RecentCall[])[] = [];
    await stage.bridge(device, { onCalls: (calls) => void frames.push(calls) }).connected();
    for (let at = 1; at <= 5000; at++) stage.tunnels.recorded(callRecord(device.user, { at }));
    await until(() => frames.length > 0);
    expect(frames).toHaveLength(1);
    expect(frames[0]).toHaveLength(50);
    expect(frames[0]?.[0]?.at).toBe(5000);
  });
});

describe('a report', () => {
  test('is recorded as of the workstation that the tunnel belongs to, noted, and not recorded again when it is told again', async () => {
    proves('tunnel.report-once', {
      file: 'gateway/tunnel/report.ts',
      find: 'if (known.noted.includes(report.id)) continue;',
      replace: '',
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const report = pauseReport();
    const noted: string[] = [];
    const bridge = stage.bridge(device, { reports: () => [report], onNoted: (ids) => void noted.push(...ids) });
    await bridge.connected();
    await until(() => noted.includes(report.id));
    bridge.reportsChanged();
    await until(() => noted.filter((id) => id === report.id).length === 2);
    const events = (await stage.events()).filter(({ event }) => event === 'workstation_paused');
    expect(events).toMatchObject([
      {
        user: { id: device.user },
        workstation: device.workstation,
        detail: { report: report.id, saidAt: report.at, reason: 'x' },
      },
    ]);
  });

  test('that the audit does not take is not noted', async () => {
    proves('tunnel.report-kept', {
      file: 'gateway/tunnel/report.ts',
      find: 'await deps.record(recordOf(link, report, now));',
      replace: 'void deps.record(recordOf(link, report, now)).catch(() => undefined);',
    });
    let isDown = false;
    let refused = 0;
    const real = await createStage();
    const stage = await createStage({
      recorder: {
        append(record) {
          if (!isDown) return real.recorder.append(record);
          refused++;
          return Promise.reject(new Error('the disk is full'));
        },
        close: () => Promise.resolve(),
      },
    });
    const device = await stage.device('ada');
    const noted: string[] = [];
    let reports: readonly Report[] = [];
    const bridge = stage.bridge(device, { reports: () => reports, onNoted: (ids) => void noted.push(...ids) });
    await bridge.connected();
    isDown = true;
    reports = [pauseReport()];
    bridge.reportsChanged();
    await until(() => refused > 0);
    isDown = false;
    reports = [...reports, pauseReport()];
    bridge.reportsChanged();
    await until(() => noted.length > 0);
    // the first one was told again with the second
    expect(noted).toEqual(reports.map(({ id }) => id));
  });

  test('is one of many only up to so many a minute; the rest stays with the bridge', async () => {
    let minutes = 0;
    const stage = await createStage({ now: () => 1e12 + minutes * 60_000 });
    const device = await stage.device('ada');
    const raw = await welcomed(stage, device, [2]);
    const report = (reports: Report[]): void => raw.socket.send(jsonFrame('report', 0, { reports }));
    const notedAll = async (count: number): Promise<void> => {
      let ids: readonly string[] = [];
      const frame = (type: number, _: number, body: Buffer): void => {
        if (type === frameType.noted) ids = readBody('noted', body).ids;
      };
      while (ids.length < count) readFrames(await raw.next(), { frame });
    };
    for (let batch = 0; batch < 3; batch++) report(Array.from({ length: 100 }, pauseReport));
    await notedAll(120);
    minutes = 1;
    report([pauseReport()]);
    await notedAll(121);
    expect((await stage.events()).filter(({ event }) => event === 'workstation_paused')).toHaveLength(121);
  });
});

describe('the posture', () => {
  test('is told at connect and when it changes, and kept as that of the workstation whose tunnel it is', async () => {
    proves('tunnel.posture-told', {
      file: 'gateway/tunnel/posture.ts',
      find: 'return deps.store.tellPostures(told);',
      replace: 'return Promise.resolve();',
    });
    const stage = await createStage({ timing: { tickEveryMs: 20 } });
    const [device, other] = [await stage.device('ada'), await stage.device('bob')];
    let posture = postureOf('noncompliant', [{ code: 'direct_remote', severity: 'high', count: 2 }], {
      converged: 1,
      drifted: 1,
    });
    const bridge = stage.bridge(device, { posture: () => posture });
    // one that is older tells nothing of it
    const silentBridge = stage.bridge(other);
    await Promise.all([bridge.connected(), silentBridge.connected()]);
    const kept = async () => (await stage.store.postures()).get(device.workstation)?.posture;
    await expect.poll(kept, { timeout: 15_000 }).toEqual(posture);
    posture = postureOf('compliant');
    bridge.reportsChanged();
    await expect.poll(kept, { timeout: 15_000 }).toEqual(posture);
    expect([...(await stage.store.postures()).keys()]).toEqual([device.workstation]);
  });

  test('in the words of a newer bridge is read as far as it is understood, and one beyond all bounds ends the tunnel', async () => {
    const stage = await createStage({ timing: { tickEveryMs: 20 } });
    const device = await stage.device('ada');
    const raw = await welcomed(stage, device, [2]);
    const posture = { ...postureOf('compliant'), status: 'splendid', mode: 'strict', mood: 'good' };
    raw.socket.send(jsonFrame('report', 0, { reports: [], posture: JSON.parse(JSON.stringify(posture)) }));
    const kept = async () => (await stage.store.postures()).get(device.workstation)?.posture;
    await expect.poll(kept, { timeout: 15_000 }).toMatchObject({ status: 'unknown', mode: 'observe', converged: 2 });
    const finding = { code: 'x', severity: 'high' as const, count: 1 };
    const findings = Array.from({ length: 101 }, () => finding);
    raw.socket.send(jsonFrame('report', 0, { reports: [], posture: postureOf('compliant', findings) }));
    expect(await raw.closed).toBe(closeCode.protocol);
  });
});

describe('a peer of version 1', () => {
  test('that is a bridge is served as before: it is told no calls, and ends where it reports', async () => {
    proves('tunnel.older-bridge', {
      file: 'gateway/tunnel/link.ts',
      find: 'if (this.tellsCalls && calls.length > 0)',
      replace: 'if (calls.length > 0)',
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const newer = await stage.device('ada');
    const old = await welcomed(stage, device, [1]);
    const told: RecentCall[] = [];
    await stage.bridge(newer, { onCalls: (calls) => void told.push(...calls) }).connected();
    stage.tunnels.recorded(callRecord(device.user));
    await until(() => told.length === 1);
    // what was to be sent before stands before the answer to this
    old.socket.send(Buffer.from([0, 0, 0, 5, frameType.ping, 0, 0, 0, 0]));
    const types: number[] = [];
    readFrames(await old.next(), { frame: (type) => void types.push(type) });
    expect(types).toEqual([frameType.pong]);
    old.socket.send(jsonFrame('report', 0, { reports: [pauseReport()] }));
    expect(await old.closed).toBe(closeCode.protocol);
  });

  test('that is a gateway server is told no reports, and ends the tunnel where it tells calls', async () => {
    proves('tunnel.older-gateway', {
      file: 'bridge/tunnel/link.ts',
      find: 'this.#deps.version >= 2 && ',
      replace: '',
    });
    const stage = await createStage();
    const device = await stage.device('ada');
    const server = createServer();
    const sockets = new WebSocketServer({ server, handleProtocols: () => tunnelSubprotocol });
    onTestFinished(() => {
      sockets.close();
      for (const one of sockets.clients) one.terminate();
      server.close();
    });
    const types: number[] = [];
    let offered: readonly unknown[] | undefined;
    sockets.on('connection', (socket) => {
      let step = 0;
      socket.on('message', (data: Buffer) => {
        step++;
        const { organization } = device;
        if (step === 1) socket.send(jsonFrame('challenge', 0, { version: 1, nonce: 'n'.repeat(43), organization }));
        else if (step === 2) socket.send(jsonFrame('welcome', 0, { organization, messageLimitBytes: 65536, gateways: [] }));
        else
          readFrames(data, {
            frame(type, _, body) {
              types.push(type);
              if (type === frameType.offer) offered = readBody('offer', body).offers;
            },
          });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const bridge = stage.bridge(device, { gatewayOrigin: `http://127.0.0.1:${port}`, reports: () => [pauseReport()] });
    await until(() => offered !== undefined);
    bridge.reportsChanged();
    bridge.offersChanged();
    await until(() => types.filter((type) => type === frameType.offer).length === 2);
    expect(new Set(types)).toEqual(new Set([frameType.offer]));
    expect(bridge.state.kind).toBe('connected');
    for (const socket of sockets.clients) socket.send(jsonFrame('calls', 0, { calls: [] }));
    await until(() => bridge.states.some(({ kind }) => kind === 'offline'));
  });
});
