// Many workstations in one program: each makes a device key, enrolls over HTTP with a token of its own, and keeps a tunnel. They offer no local server.
// Says on stdout when all of them are connected, each time anew after one was lost, with the time.
import { readFile } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { enrollPath, EnrollResponse, type EnrollRequest } from '#contract/enrollment.ts';
import { enrollText } from '#contract/frame.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { postJson } from '../../../bridge/device/post.ts';
import type { Device } from '../../../bridge/tunnel/handshake.ts';
import { keepLightTunnel, type LightTunnel } from './light-tunnel.ts';

/** Enrollments at once: below what the gateway server takes. */
const atOnce = 24;
const { values } = parseArgs({
  options: { origin: { type: 'string', default: '' }, tokens: { type: 'string', default: '' } },
});
const tokens = (await readFile(values.tokens, 'utf8')).split('\n').filter((line) => line !== '');
const total = tokens.length;
const tunnels: LightTunnel[] = [];
let connected = 0;
let times = 0;

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
  const onUp = (isUp: boolean): void => {
    connected += isUp ? 1 : -1;
    if (connected === total) process.stdout.write(`${JSON.stringify({ event: 'all', times: ++times, at: Date.now() })}\n`);
  };
  tunnels.push(keepLightTunnel({ origin: new URL(values.origin).origin, device, product: 'bench fleet', onUp }));
}

async function enrollSome(): Promise<void> {
  for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) keepTunnel(await enroll(token, tokens.length));
}

function end(): void {
  for (const tunnel of tunnels) tunnel.close();
  process.exit(0);
}
process.once('SIGTERM', () => end());
process.stdin.on('end', () => end()).resume();

await Promise.all(Array.from({ length: atOnce }, enrollSome));
