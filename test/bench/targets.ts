// Which targets a run has, in the order of its tables, and which cells each takes part in: the rows of performance.md.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CellName } from './cell.ts';
import { variants } from './floor/variant.ts';
import type { Plan } from './plan.ts';
import { mixedRules } from './rules.ts';
import type { Target } from './target.ts';
import { directTarget } from './target/direct.ts';
import { drawbridgeTargets } from './target/drawbridge.ts';
import { floorTarget } from './target/floor.ts';
import { otherTargets } from './target/others.ts';
import { echoPolicy, type ProductOptions } from './target/product.ts';
import { sdkTargets } from './target/sdk.ts';

/** What every program of a run is started with. */
export function surroundings(plan: Plan, tempDir: string): ProductOptions {
  const node = process.execPath;
  const echoServer = fileURLToPath(new URL('./echo-server.ts', import.meta.url));
  const profiling = plan.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(plan.profile)}` };
  return { node, echoServer, tempDir, env: { PATH: process.env['PATH'] ?? '', HOME: homedir(), ...profiling } };
}

export function targetsOf(plan: Plan, tempDir: string): readonly Target[] {
  const options = surroundings(plan, tempDir);
  const { node, echoServer, env } = options;
  const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'drawbridge-bench');
  const plain = { ...options, cacheDir, installEnv: process.env, env: { PATH: env['PATH'] ?? '', HOME: homedir() } };
  const isClosed = ({ ratePerSecond }: CellName): boolean => ratePerSecond === undefined;
  const floors = variants.filter((variant) => plan.isWhole && variant !== 'raw');
  const all: readonly Target[] = [
    directTarget(node, echoServer),
    floorTarget({ node, echoServer, env }),
    ...floors.map((variant) => taking(floorTarget({ node, echoServer, env }, variant), isClosed)),
    ...otherTargets(plain).map((target) => (target.name === 'chain' ? target : taking(target, isClosed))),
    ...sdkTargets(plain).map((target) => taking(target, isClosed)),
    ...drawbridgeTargets(plan.rules === 0 ? options : { ...options, policy: echoPolicy(mixedRules(plan.rules)) }),
  ];
  return plan.only === undefined ? all : all.filter(({ name }) => plan.only?.some((part) => name.includes(part)));
}

function taking(target: Target, measures: (cell: CellName) => boolean): Target {
  return { ...target, measures };
}
