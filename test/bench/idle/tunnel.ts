// Idle tunnels: what one costs in memory and heartbeats, and how long all of them need to be back after the gateway server was killed.
// Real tunnels of enrolled devices, and only the gateway server counts: the bridges are another program. Goals are for 10,000; fewer are shown, not judged.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { pingAfterMs } from '#contract/frame.ts';
import { makeCertificate } from '../../certificate.ts';
import { cpuMsOfTrees } from '../cpu.ts';
import { pssOf, settledPssOf } from '../memory.ts';
import { startProgram, type Program } from '../program.ts';
import type { Reading, ReadingName } from '../reading.ts';
import { openSite, type SiteOptions } from './site.ts';

const fleetFile = fileURLToPath(new URL('./fleet.ts', import.meta.url));
/** Every tunnel has its heartbeat twice in it: a gateway that hears nothing pings after so long. */
const windowMs = 2 * pingAfterMs.gateway;
const baseMs = 5_000;
/** After the storm, and again while garbage is collected: in it the gateway server also gives back what the storm took. */
const restMs = 15_000;
const goalCount = 10_000;
const All = z.object({ at: z.number() });

export interface TunnelOptions extends SiteOptions {
  readonly count: number;
  readonly isTls: boolean;
}

export async function measureTunnels(options: TunnelOptions): Promise<readonly (readonly [ReadingName, Reading])[]> {
  const { node, env, tempDir, count, isTls } = options;
  const certificate = isTls ? await makeCertificate(tempDir, 'IP:127.0.0.1') : undefined;
  const flags = certificate === undefined ? [] : ['--tls-cert', certificate.cert, '--tls-key', certificate.key];
  checkOpenFiles(count);
  const site = await openSite({ ...options, flags });
  let fleet: Program | undefined;
  try {
    const emptyPss = await settledPssOf(site.gateway.pid, baseMs);
    const tokens = join(tempDir, 'tokens');
    await writeFile(tokens, (await site.enrollTokens(count)).join('\n'), { mode: 0o600 });
    const fleetEnv = certificate === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: certificate.cert };
    fleet = startProgram({ file: node, args: [fleetFile, '--origin', site.gateway.url, '--tokens', tokens], env: fleetEnv });
    // Each enrolls with a commit of its own.
    await allConnected(fleet, 1, 60_000 + 100 * count);
    const fleetBegan = cpuMsOfTrees([fleet.pid]);
    const listenedAt = await site.crash();
    const { pid } = site.gateway;
    const gatewayBegan = cpuMsOfTrees([pid]);
    const backAt = await allConnected(fleet, 2, 60_000 + 20 * count);
    const backCpu = { gateway: cpuMsOfTrees([pid]) - gatewayBegan, fleet: cpuMsOfTrees([fleet.pid]) - fleetBegan };
    const asItIs = pssOf(pid);
    await delay(restMs);
    // Before garbage is collected for the sake of the figure: that work is no heartbeat.
    const began = { cpuMs: cpuMsOfTrees([pid]), at: performance.now() };
    await delay(windowMs);
    const share = (cpuMsOfTrees([pid]) - began.cpuMs) / (performance.now() - began.at);
    const fullPss = await settledPssOf(pid, restMs);
    const isShort = count < goalCount;
    const ofAll = isShort ? `${count} tunnels, not the ${goalCount} of the goal` : `${count} tunnels`;
    const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
    const each = (fullPss - emptyPss) / count;
    const memory = `${mb(fullPss)} less ${mb(emptyPss)} MB, garbage collected: ${(each / 1024).toFixed(1)} KB each; ${mb(asItIs - emptyPss)} MB before that`;
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s of CPU`;
    const work = `the gateway server used ${seconds(backCpu.gateway)} from listening on, the bridges ${seconds(backCpu.fleet)} in one process`;
    return [
      [isTls ? 'tlsTunnelsMb' : 'tunnelsMb', { value: (fullPss - emptyPss) / 1e6, note: `${ofAll}; ${memory}`, isShort }],
      [isTls ? 'tlsTunnelsCpu' : 'tunnelsCpu', { value: share * 100, note: `${ofAll}, over ${windowMs / 1000} s`, isShort }],
      [isTls ? 'tlsBackSeconds' : 'backSeconds', { value: (backAt - listenedAt) / 1000, note: `${ofAll}; ${work}`, isShort }],
    ];
  } finally {
    await fleet?.close();
    await site.close();
  }
}

/** Node takes as many files as the hard limit allows. What else is open are a few dozen. */
function checkOpenFiles(count: number): void {
  const limit = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (limit !== undefined && Number(limit) < count + 200)
    throw new Error(
      `${count} tunnels need ${count + 200} open files a process, and ${limit} are allowed: raise the hard limit (ulimit -Hn)`,
    );
}

async function allConnected(fleet: Program, times: number, withinMs: number): Promise<number> {
  const [line] = await fleet.line(new RegExp(`^\\{"event":"all","times":${times},.*$`), withinMs);
  return All.parse(JSON.parse(line)).at;
}
