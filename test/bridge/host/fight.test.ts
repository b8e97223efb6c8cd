// Who else writes a config, and what converge makes of that: a host that undoes it, an aim that is another now, a system that lets nobody write.
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { claude, codes, codex, configs, fileOf, makePlace, vscode, writeAll } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

test('stops fighting a host that undoes it again and again, and begins anew after ten minutes', async () => {
  proves('host-config.damped', {
    file: 'bridge/host/converge.ts',
    find: 'if (undone.length > maxUndone) {',
    replace: 'if (undone.length > maxUndone * 100) {',
  });
  const written: boolean[] = [];
  for (let round = 0; round < 6; round++) {
    await place.write(claude, configs[claude] ?? '');
    const report = await converge({ ...place.request, now: () => 1_700_000_000_000 + round * 1000 });
    written.push(fileOf(report, 'claude-desktop').isWritten);
    if (!written.at(-1)) expect(codes(report.findings)).toContain('rewrite_contended');
  }
  expect(written).toEqual([true, true, true, true, false, false]);
  const later = await converge({ ...place.request, now: () => 1_700_000_000_000 + 11 * 60_000 });
  expect(fileOf(later, 'claude-desktop').isWritten).toBe(true);
  await restore(place.request);
  expect(await place.text(claude)).toBe(configs[claude]);
});

test('a clock that was set back by a day keeps it from nothing', async () => {
  const began = 1_700_000_000_000;
  for (let round = 0; round < 5; round++) {
    await place.write(claude, configs[claude] ?? '');
    await converge({ ...place.request, now: () => began + round * 1000 });
  }
  await place.write(claude, configs[claude] ?? '');
  const report = await converge({ ...place.request, now: () => began - 24 * 60 * 60_000 });
  expect(fileOf(report, 'claude-desktop')).toMatchObject({ isWritten: true });
});

test('stops fighting a host that changes our own entry again and again', async () => {
  proves('host-config.damped', {
    file: 'bridge/host/draft.ts',
    find: 'return written !== undefined && sameWritten(before, written);',
    replace: 'return false;',
  });
  await place.write(claude, configs[claude] ?? '');
  const written: boolean[] = [];
  for (let round = 0; round < 7; round++) {
    const report = await converge({ ...place.request, now: () => 1_700_000_000_000 + round * 1000 });
    written.push(fileOf(report, 'claude-desktop').isWritten);
    if (!written.at(-1)) expect(fileOf(report, 'claude-desktop')).toMatchObject({ againInMs: 10 * 60_000 - (round - 1) * 1000 });
    await place.write(claude, (await place.text(claude)).replace('/s/tracker/mcp', '/s/other/mcp'));
  }
  expect(written).toEqual([true, true, true, true, false, false, false]);
});

test('sets its entries right without end where the gateway or the launcher is another now', async () => {
  await place.write(claude, configs[claude] ?? '');
  for (let round = 0; round < 7; round++) {
    const report = await converge({ ...place.request, gateway: Slug.parse(`eng${round}`) });
    expect(fileOf(report, 'claude-desktop').isWritten).toBe(true);
  }
});

test('does not take a file that it can not write for one that its host undoes', async () => {
  proves('host-config.not-written', {
    file: 'bridge/host/converge.ts',
    find: 'if ((await contentOf(file.realPath))?.sha256 === file.sha256) await writeLedger(stateDir, draft.ledger);',
    replace: '',
  });
  // there is no name for a temporary file beside it
  const path = `.codex/${'a'.repeat(240)}.config.toml`;
  await place.write(path, configs[codex] ?? '');
  for (let round = 0; round < 6; round++) {
    const report = await converge({ ...place.request, now: () => 1_700_000_000_000 + round * 1000 });
    const found = codes(fileOf(report, 'codex').findings);
    expect([found.includes('edit_refused'), found.includes('rewrite_contended')]).toEqual([true, false]);
    expect(fileOf(report, 'codex').againInMs).toBe(60_000);
  }
  expect(await localServers(place.request)).toEqual([]);
  expect(await place.text(path)).toBe(configs[codex]);
});

test('two agents with states of their own end their fight, and give back together what each of them took', async () => {
  await writeAll(place);
  const one = place.request;
  const other = { ...one, stateDir: join(place.home, 'other'), launcher: '/opt/other/drawbridge' };
  // the first is stopped in the midst of it
  const stopped = new AbortController();
  const onProgress = ({ step, index }: { step: string; index: number }): void => {
    if (step === 'done' && index === 1) stopped.abort();
  };
  await expect(converge({ ...one, signal: stopped.signal, onProgress })).rejects.toThrow();
  let rounds = 0;
  const writes = async (): Promise<boolean> =>
    [await converge(other), await converge(one)].some(({ files }) => files.some(({ isWritten }) => isWritten));
  while (rounds < 10 && (await writes())) rounds++;
  expect(rounds).toBeLessThan(6);

  await restore(one);
  await restore(other);
  for (const path of [claude, vscode]) expect(await place.text(path)).toBe(configs[path]);
  // a table that was taken out may come back at another place
  expect(parseToml(await place.text(codex))).toEqual(parseToml(configs[codex] ?? ''));
});
