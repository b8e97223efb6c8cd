// Many workstations in one program: each makes a device key, enrolls over HTTP with a token of its own, and keeps a tunnel by the bridge's own dialer.
// They offer no local server. Says on stdout when all of them are connected, each time anew after one was lost, with the time.
import { readFile } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { enrollPath, EnrollResponse, type EnrollRequest } from '#contract/enrollment.ts';
import { Fault } from '#contract/error.ts';
import { enrollText } from '#contract/frame.ts';
import type { TunnelState } from '#contract/tunnel-state.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { postJson } from '../../../bridge/device/post.ts';
import type { Pool } from '../../../bridge/server/pool.ts';
import { dial, type Tunnel } from '../../../bridge/tunnel/dial.ts';
import type { Device } from '../../../bridge/tunnel/handshake.ts';

/** Enrollments at once: below what the gateway server takes. */
const atOnce = 24;
const logger = pino({ level: 'silent' });
const { values } = parseArgs({
  options: { origin: { type: 'string', default: '' }, tokens: { type: 'string', default: '' } },
});
const tokens = (await readFile(values.tokens, 'utf8')).split('\n').filter((line) => line !== '');
const total = tokens.length;
const tunnels: Tunnel[] = [];
let connected = 0;
let times = 0;

const empty: Pool = {
  open: (server) => Promise.reject(new Fault('SERVER_NOT_OFFERED', { server })),
  close: () => Promise.resolve(),
};

async function enroll(token: string, index: number): Promise<Device> {
  const { key } = makeDeviceKey();
  const osUser = `user-${index}`;
  const proof = { tokenHash: hash('sha256', token), publicKeyThumbprint: key.thumbprint, origin: values.origin, osUser };
  const request: EnrollRequest = {
    token,
    publicKey: key.publicKey,
    signature: key.sign(enrollText(proof)),
    hostname: `bench-${index}`,
    osUser,
    platform: 'linux',
  };
  const { status, body } = await postJson({ origin: values.origin, path: enrollPath, body: request });
  if (status !== 200) throw new Error(`enrollment ${index}: HTTP ${status} ${JSON.stringify(body)}`);
  return { ...EnrollResponse.parse(body), sign: key.sign };
}

function keepTunnel(device: Device): void {
  let isUp = false;
  const onState = ({ kind }: TunnelState): void => {
    if (isUp === (kind === 'connected')) return;
    isUp = kind === 'connected';
    connected += isUp ? 1 : -1;
    if (connected === total) process.stdout.write(`${JSON.stringify({ event: 'all', times: ++times, at: Date.now() })}\n`);
  };
  tunnels.push(
    dial({
      gatewayOrigin: values.origin,
      device,
      pool: empty,
      offers: () => [],
      onVerdicts: () => undefined,
      onState,
      logger,
      random: Math.random,
      product: 'bench fleet',
    }),
  );
}

async function enrollSome(): Promise<void> {
  for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) keepTunnel(await enroll(token, tokens.length));
}

async function end(): Promise<void> {
  await Promise.all(tunnels.map((tunnel) => tunnel.close()));
  process.exit(0);
}
process.once('SIGTERM', () => void end());
process.stdin.on('end', () => void end()).resume();

await Promise.all(Array.from({ length: atOnce }, enrollSome));
