// The watch over config files, on real files: what is told, and what is known already.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pino } from 'pino';
import { watchConfigs } from '../../bridge/config-watch.ts';
import type { ConfigWatch } from '../../bridge/config-watch.ts';
import { converge } from '../../bridge/host/converge.ts';
import { discover } from '../../bridge/host/plan.ts';
import { hashesOf, watchedPlaces } from '../../bridge/scan.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import type { Place } from './host/fixture.ts';
import { claude, codex, configs, makePlace } from './host/fixture.ts';

let place: Place;
let watch: ConfigWatch;
/** How often files were compared, and how often something was told. */
let looks: number;
let told: number;
beforeEach(async () => {
  place = await makePlace();
  [looks, told] = [0, 0];
  watch = watchConfigs({
    stateDir: place.stateDir,
    places() {
      looks++;
      return watchedPlaces('*', place.request);
    },
    onDrift: () => told++,
    logger: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  watch.close();
  await place.close();
});

const seenNow = async () => hashesOf((await discover(place.request)).flatMap(({ files }) => files));

/** Begins to watch, and waits for the first look. */
async function follow(): Promise<void> {
  const before = looks;
  await watch.follow(await seenNow());
  await until('the first look', async () => looks >= before + 2);
}

test('what Drawbridge wrote itself is not told, though nobody said what it wrote', async () => {
  proves('host-config.own-write', {
    file: 'bridge/config-watch.ts',
    find: 'includes(now.sha256)) continue;',
    replace: "includes('')) continue;",
  });
  await place.write(claude, configs[claude] ?? '');
  await place.write(codex, '');
  await follow();
  const before = looks;
  await converge(place.request);
  await until('a look at what was written', async () => looks > before);
  // one look follows another, so the second begins when the first has compared
  await place.write(codex, '');
  await until('one more look', async () => looks > before + 1);
  expect(told).toBe(0);
  await place.write(claude, '{}');
  await until('the change of somebody else to be told', async () => told > 0);
  expect(told).toBe(1);
});

test('the same bytes written once more are not told', async () => {
  await place.write(claude, '{}');
  await follow();
  const before = looks;
  await place.write(claude, '{}');
  await until('a look', async () => looks > before);
  await place.write(claude, '{ }');
  await until('the change to be told', async () => told > 0);
  expect(told).toBe(1);
});

test('a burst of changes is told once', async () => {
  await follow();
  for (let count = 0; count < 20; count++) await place.write(claude, `{"a": ${count}}`);
  await until('the change to be told', async () => told > 0);
  expect(told).toBe(1);
});

test('a profile that somebody makes step by step is told when its file is there', async () => {
  await follow();
  const before = looks;
  await mkdir(join(place.home, '.config/Code/User/profiles/-7a'), { recursive: true });
  await until('a look at the folders', async () => looks > before);
  await place.write('.config/Code/User/profiles/-7a/mcp.json', '{}');
  await until('the new file to be told', async () => told > 0);
});

test('what was changed between the scan and the watch is told', async () => {
  const seen = await seenNow();
  await place.write(claude, '{}');
  await watch.follow(seen);
  await until('the change to be told', async () => told > 0);
});
