// The watch over config files, on real files: what is told, and what is known already.
import { watch as fsWatch, writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pino } from 'pino';
import { watchConfigs } from '../../bridge/config-watch.ts';
import type { ConfigWatch, ConfigWatchDeps } from '../../bridge/config-watch.ts';
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
  watch = watchConfigs(deps());
});
afterEach(async () => {
  watch.close();
  await place.close();
});

function deps(): ConfigWatchDeps {
  return {
    stateDir: place.stateDir,
    home: place.home,
    places() {
      looks++;
      return watchedPlaces('*', place.request);
    },
    onDrift: () => told++,
    logger: pino({ level: 'silent' }),
  };
}

const seenNow = async () => hashesOf((await discover(place.request)).flatMap(({ files }) => files));

/** Begins to watch, and waits for the first look. */
async function follow(): Promise<void> {
  const before = looks;
  await watch.follow(await seenNow());
  await until('the first look', async () => looks >= before + 2);
}

/** Writes a file that stands already within one turn, so that no look falls between its emptying and its new bytes. */
const writeAtOnce = (path: string, text: string): void => writeFileSync(join(place.home, path), text);

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
  writeAtOnce(codex, '');
  await until('one more look', async () => looks > before + 1);
  expect(told).toBe(0);
  writeAtOnce(claude, '{}');
  await until('the change of somebody else to be told', async () => told > 0);
});

test('the same bytes written once more are not told', async () => {
  await place.write(claude, '{}');
  await follow();
  const before = looks;
  writeAtOnce(claude, '{}');
  await until('a look', async () => looks > before);
  writeAtOnce(claude, '{}');
  await until('one more look', async () => looks > before + 1);
  expect(told).toBe(0);
  writeAtOnce(claude, '{ }');
  await until('the change to be told', async () => told > 0);
});

test('a burst of changes is told once, not once for each', async () => {
  await follow();
  const [began, before] = [performance.now(), looks];
  for (let count = 0; count < 20; count++) await place.write(claude, `{"a": ${count}}`);
  await until('the change to be told', async () => told > 0);
  await until('a look after it', async () => looks > before);
  // Two looks lie 60 ms apart at least, however slow the machine writes; and the first may have been under way.
  expect(told).toBeLessThanOrEqual(2 + (performance.now() - began) / 50);
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

test('a file that may be written again is told, though its bytes are the same', async () => {
  proves('host-config.writable-again', {
    file: 'bridge/config-watch.ts',
    find: "content.isReadonly ? ' readonly' : ''",
    replace: "''",
  });
  await place.write(claude, configs[claude] ?? '', 0o444);
  await follow();
  await chmod(join(place.home, claude), 0o644);
  await until('the file to be told', async () => told > 0);
});

test('a file in a folder that was removed and made again is told', async () => {
  proves('host-config.folder-exchanged', {
    file: 'bridge/config-watch.ts',
    find: "if (isItself && event === 'rename') drop(directory, watcher);",
    replace: '',
  });
  await place.write('.cursor/mcp.json', '{}');
  await follow();
  // a file system may give the new folder the number of the old one
  await rm(join(place.home, '.cursor'), { recursive: true });
  await mkdir(join(place.home, '.cursor'));
  const before = looks;
  await watch.follow(await seenNow());
  await until('a look at the new folder', async () => looks > before + 1);
  await place.write('.cursor/mcp.json', '{ }');
  await until('the file to be told', async () => told > 0);
});

test('a link to a folder that leads somewhere else now is told', async () => {
  proves('host-config.folder-exchanged', {
    file: 'bridge/config-watch.ts',
    find: 'if (!isInside(above, home)) return;',
    replace: 'return;',
  });
  for (const name of ['one', 'two']) await place.write(`dotfiles/${name}/mcp.json`, JSON.stringify({ name }));
  await symlink('dotfiles/one', join(place.home, '.cursor'));
  await follow();
  await symlink('dotfiles/two', join(place.home, 'next'));
  await rename(join(place.home, 'next'), join(place.home, '.cursor'));
  await until('the other file to be told', async () => told > 0);
});

test('where the system gives no watch, a change is told all the same, and a watch is taken when there is one', async () => {
  proves('host-config.no-watch', {
    file: 'bridge/config-watch.ts',
    find: 'if (missed.length > 0) blind = setTimeout(check, blindMs).unref();',
    replace: '',
  });
  let isFull = true;
  let opened = 0;
  watch.close();
  watch = watchConfigs({
    ...deps(),
    watch: ((...args: Parameters<typeof fsWatch>) => {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      opened++;
      return fsWatch(...args);
    }) as typeof fsWatch,
  });
  await place.write(claude, '{}');
  await follow();
  await place.write(claude, '{ }');
  await until('the change to be told', async () => told > 0);
  isFull = false;
  await until('a watch to be taken', async () => opened > 0);
});
