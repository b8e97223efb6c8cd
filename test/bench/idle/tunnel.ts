// Idle tunnels: what one costs in memory and heartbeats, and how long all of them need to be back after the gateway server was killed.
// Real tunnels of enrolled devices. What fewer cost is scaled to 10,000, with what a gateway server needs once: an upper bound, and said so.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cpuMsOfTrees } from '../cpu.ts';
import { settledPssOf } from '../memory.ts';
import { runProgram, startProgram, type Program } from '../program.ts';
import type { Reading, ReadingName } from '../reading.ts';
import { openSite, type SiteOptions } from './site.ts';

const fleetFile = fileURLToPath(new URL('./fleet.ts', import.meta.url));
/** Each side pings every 20 s, so every tunnel has its heartbeats in it. */
const windowMs = 20_000;
const baseMs = 5_000;
const goalCount = 10_000;
const All = z.object({ at: z.number() });

export interface TunnelOptions extends SiteOptions {
  readonly count: number;
  readonly isTls: boolean;
}

export async function measureTunnels(options: TunnelOptions): Promise<readonly (readonly [ReadingName, Reading])[]> {
  const { node, env, tempDir, count, isTls } = options;
  const certificate = isTls ? await makeCertificate(tempDir) : undefined;
  const flags = certificate === undefined ? [] : ['--tls-cert', certificate.cert, '--tls-key', certificate.key];
  const site = await openSite({ ...options, flags });
  let fleet: Program | undefined;
  try {
    const emptyPss = await settledPssOf(site.gateway.pid, baseMs);
    const tokens = join(tempDir, 'tokens');
    await writeFile(tokens, (await site.enrollTokens(count)).join('\n'), { mode: 0o600 });
    const fleetEnv = certificate === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: certificate.cert };
    fleet = startProgram({ file: node, args: [fleetFile, '--origin', site.gateway.url, '--tokens', tokens], env: fleetEnv });
    await allConnected(fleet, 1, 30_000 + 40 * count);
    const listenedAt = await site.crash();
    const backAt = await allConnected(fleet, 2, 30_000 + 20 * count);
    const { pid } = site.gateway;
    const fullPss = await settledPssOf(pid, baseMs);
    const began = { cpuMs: cpuMsOfTrees([pid]), at: performance.now() };
    await delay(windowMs);
    const share = (cpuMsOfTrees([pid]) - began.cpuMs) / (performance.now() - began.at);
    const scale = goalCount / count;
    const scaled = count === goalCount ? `${count}` : `scaled from ${count}: at most`;
    const each = (fullPss - emptyPss) / count;
    return [
      [
        isTls ? 'tlsTunnelsMb' : 'tunnelsMb',
        { value: (each * goalCount) / 1e6, note: `${scaled}; ${(each / 1024).toFixed(1)} KB each, garbage collected` },
      ],
      [isTls ? 'tlsTunnelsCpu' : 'tunnelsCpu', { value: share * 100 * scale, note: scaled }],
      [isTls ? 'tlsBackSeconds' : 'backSeconds', { value: (backAt - listenedAt) / 1000, note: `${count} tunnels` }],
    ];
  } finally {
    await fleet?.close();
    await site.close();
  }
}

async function allConnected(fleet: Program, times: number, withinMs: number): Promise<number> {
  const [line] = await fleet.line(new RegExp(`^\\{"event":"all","times":${times},.*$`), withinMs);
  return All.parse(JSON.parse(line)).at;
}

async function makeCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await runProgram({ file: 'openssl', args: [...made, '-keyout', key, '-out', cert, ...named], env: process.env }, 20_000);
  return { cert, key };
}
