// One host at a time, with real files in a home of its own: shown, undone, taken back, and left alone while the user paused.
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addUndone } from '../../bridge/host/undone.ts';
import { readProfile } from '../../bridge/profile/read.ts';
import { createLateHosts } from '../../bridge/late-hosts.ts';
import { createManagedHosts } from '../../bridge/managed-hosts.ts';
import type { ManagedHosts, ManagedHostsDeps } from '../../bridge/managed-hosts.ts';
import type { ReportDraft } from '../../bridge/reports.ts';
import { proves } from '../requirement.ts';
import { claude, codex, configs, makePlace, plantedSecret, sealerWith, writeAll } from './host/fixture.ts';
import type { Place } from './host/fixture.ts';

let place: Place;
let reports: ReportDraft[] = [];
beforeEach(async () => {
  place = await makePlace();
  await writeAll(place);
  reports = [];
});
afterEach(async () => place.close());

async function hostsWith(values: object, change: Partial<ManagedHostsDeps> = {}): Promise<ManagedHosts> {
  return createManagedHosts(await depsWith(values, change));
}

async function depsWith(values: object, change: Partial<ManagedHostsDeps> = {}): Promise<ManagedHostsDeps> {
  const file = join(place.home, 'profile.json');
  const all = { GatewayURL: place.request.gatewayOrigin, EnforcementMode: 'enforce', AllowUserUndo: true, ...values };
  await writeFile(file, JSON.stringify(all), { mode: 0o600 });
  const reading = await readProfile({ platform: 'linux', uid: process.getuid?.() ?? -1, file });
  const { home, stateDir, env, launcher, sealer, gateway, now } = place.request;
  return {
    home,
    stateDir,
    platform: 'linux',
    env,
    launcher,
    sealer,
    profile: () => reading,
    gateway: () => ({ slug: gateway }),
    isEnrolled: () => true,
    isPaused: () => false,
    report: async (draft) => void reports.push(draft),
    now,
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    ...change,
  };
}

test('a diff shows what converging would change, then what was changed, and no secret', async () => {
  const hosts = await hostsWith({});
  const before = await hosts.diff('claude-desktop');
  expect(before.files).toMatchObject([{ diff: expect.stringContaining('-      "command": "uvx"') }]);
  expect(await place.text(claude)).toBe(configs[claude]);
  await hosts.settle();
  const after = await hosts.diff('claude-desktop');
  expect(after.files).toMatchObject([{ diff: expect.stringContaining('-      "command": "uvx"') }]);
  for (const { files } of [before, after]) expect(JSON.stringify(files)).not.toContain(plantedSecret);
  await expect(hosts.diff('nobody')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
});

test('hosts whose program could not be loaded are looked at once it can be', async () => {
  const deps = await depsWith({});
  let asked = 0;
  const hosts = createLateHosts({
    ...deps,
    get sealer() {
      if (asked++ === 0) throw new Error('too many open files');
      return deps.sealer;
    },
  });
  await expect(hosts.settle()).rejects.toThrow('too many open files');
  expect((await hosts.settle()).hosts).not.toEqual([]);
});

test('a file that appears while others are set right does not count as known, so that the watch finds it', async () => {
  proves('host-config.appears-meanwhile', {
    file: 'bridge/scan.ts',
    find: 'if (seenFirst !== undefined) return { ...seenFirst, path: file.path };',
    replace: 'return file;',
  });
  await rm(join(place.home, codex));
  // told of in the middle of a settling: the first file is written, and what is seen of the second comes later
  let isWritten = false;
  const write = (): void => {
    if (!isWritten) writeFileSync(join(place.home, codex), configs[codex] ?? '');
    isWritten = true;
  };
  const hosts = await hostsWith({}, { logger: pino({ level: 'info' }, { write }) });
  const { known } = await hosts.settle();
  expect(await place.text(codex)).toBe(configs[codex]);
  expect([...known].filter(([path]) => path === join(place.home, codex))).toEqual([[join(place.home, codex), undefined]]);
  await hosts.settle();
  expect(await place.text(codex)).not.toBe(configs[codex]);
});

test('a file that nobody foresaw, and that appears while others are set right, does not count as known either', async () => {
  proves('host-config.appears-meanwhile', {
    file: 'bridge/scan.ts',
    find: "isConverged(host, file.scope) ? { path: file.path, state: 'missing' } : file",
    replace: 'file',
  });
  const profile = join(place.home, '.codex/work.config.toml');
  const write = (): void => {
    if (!existsSync(profile)) writeFileSync(profile, configs[codex] ?? '');
  };
  const hosts = await hostsWith({}, { logger: pino({ level: 'info' }, { write }) });
  const { known } = await hosts.settle();
  expect([known.has(profile), known.get(profile)]).toEqual([true, undefined]);
  expect((await hosts.settle()).known.get(profile)).toBe(await place.sha256('.codex/work.config.toml'));
  expect(await place.text('.codex/work.config.toml')).not.toBe(configs[codex]);
});

test('while it is not known which gateway the hosts are to name, none of our entries counts as changed', async () => {
  proves('host-config.tamper-known', {
    file: 'bridge/host/look.ts',
    find: 'const isFine = ours === undefined || isOutdated;',
    replace: 'const isFine = isOutdated;',
  });
  await (await hostsWith({})).settle();
  const later = await hostsWith({}, { gateway: () => ({}) });
  expect((await later.settle()).findings.map(({ code }) => code)).not.toContain('gateway_entry_tamper');
});

test('one file under the paths of two hosts is known under both', async () => {
  await mkdir(join(place.home, '.cursor'));
  await symlink(join(place.home, claude), join(place.home, '.cursor/mcp.json'));
  const hosts = await hostsWith({});
  const { known, findings } = await hosts.settle();
  const sha256 = await place.sha256(claude);
  expect([claude, '.cursor/mcp.json'].map((path) => known.get(join(place.home, path)))).toEqual([sha256, sha256]);
  expect(findings.map(({ code }) => code)).not.toContain('gateway_entry_tamper');
});

test('during a pause nothing is set right, and a host is not converged by hand either', async () => {
  proves('agent.pause-changes-nothing', {
    file: 'bridge/managed-hosts.ts',
    find: "const mayEnforce = mode === 'enforce' && deps.isEnrolled() && !deps.isPaused();",
    replace: "const mayEnforce = mode === 'enforce' && deps.isEnrolled();",
  });
  const hosts = await hostsWith({}, { isPaused: () => true });
  const { findings } = await hosts.settle();
  expect(findings.map(({ code }) => code)).toContain('direct_stdio');
  await expect(hosts.converge('codex')).rejects.toMatchObject({ code: 'PROFILE_FORBIDS' });
  expect(await place.text(codex)).toBe(configs[codex]);
});

test('converging a host by hand ends the pause after a fight over its file', async () => {
  const hosts = await hostsWith({});
  for (let fight = 0; fight < 5; fight++) {
    await hosts.settle();
    await place.write(codex, configs[codex] ?? '');
  }
  const contended = await hosts.settle();
  expect(contended.findings.map(({ code }) => code)).toContain('rewrite_contended');
  expect(await place.text(codex)).toBe(configs[codex]);
  await hosts.converge('codex');
  expect(await place.text(codex)).not.toBe(configs[codex]);
  expect((await hosts.settle()).findings.map(({ code }) => code)).not.toContain('rewrite_contended');
  expect(reports).toEqual([]);
});

test('an undo that could give nothing back is none, and the host is looked after as before', async () => {
  proves('agent.undo-or-not', {
    file: 'bridge/managed-hosts.ts',
    find: 'if (isRefused) await takeBack(host);',
    replace: '',
  });
  const hosts = await hostsWith({});
  await hosts.settle();
  const isUndone = async (): Promise<boolean | undefined> =>
    (await hosts.settle()).hosts.find(({ id }) => id === 'codex')?.undone;
  // the key that the originals are sealed with is another one
  const locked = await hostsWith({}, { sealer: await sealerWith() });
  expect(await locked.undo('codex')).toMatchObject({ files: [{ result: 'refused' }] });
  expect(await isUndone()).toBe(false);
  expect(await place.text(codex)).not.toBe(configs[codex]);
  expect(reports.map(({ event }) => event)).toEqual(['host_undone', 'host_taken_back']);
  expect(await hosts.undo('codex')).toMatchObject({ files: [{ result: 'exact' }] });
  expect(await isUndone()).toBe(true);
  expect(await place.text(codex)).toBe(configs[codex]);
});

test('an undo that was killed before it gave the files back is finished by the next look, though not during a pause', async () => {
  let isPaused = true;
  const hosts = await hostsWith({}, { isPaused: () => isPaused });
  isPaused = false;
  await hosts.settle();
  expect(await place.text(codex)).not.toBe(configs[codex]);
  await addUndone(place.request.stateDir, 'codex', 1);
  isPaused = true;
  await hosts.settle();
  expect(await place.text(codex)).not.toBe(configs[codex]);
  isPaused = false;
  const { hosts: seen } = await hosts.settle();
  expect(await place.text(codex)).toBe(configs[codex]);
  expect(seen.find(({ id }) => id === 'codex')).toMatchObject({ undone: true, mayUndo: false });
  expect(await place.text(claude)).not.toBe(configs[claude]);
});

test('a config that was gone when it was to be given back, and is made anew, gets nothing of the former one', async () => {
  proves('host-config.made-anew', {
    file: 'bridge/host/restore.ts',
    find: 'wasGone === true && !written',
    replace: 'wasGone === false && !written',
  });
  const hosts = await hostsWith({});
  await hosts.settle();
  await rm(join(place.home, codex));
  expect(await hosts.undo('codex')).toMatchObject({ files: [{ result: 'gone' }] });
  const anew = 'model = "gpt-6"\n\n[mcp_servers.own]\nurl = "https://own.example.com/mcp"\n';
  await place.write(codex, anew);
  await hosts.settle();
  expect(await place.text(codex)).toBe(anew);
  expect((await hosts.settle()).hosts.find(({ id }) => id === 'codex')).toMatchObject({ undone: true, mayUndo: false });
});

test('a config that was only away while it was to be given back is given back whole', async () => {
  const hosts = await hostsWith({});
  await hosts.settle();
  const written = await place.text(codex);
  const aside = async (): Promise<void> => {
    await rm(join(place.home, codex));
    await hosts.settle();
  };
  await addUndone(place.request.stateDir, 'codex', 1);
  await aside();
  await place.write(codex, `${written}# changed since\n`);
  await hosts.settle();
  const back = await place.text(codex);
  expect(back).toContain('[mcp_servers.web]');
  expect(back).toContain('# changed since');
});

test('a file of which every server was taken out is known by its bytes when it is back', async () => {
  const onlyRemote = '[mcp_servers.web]\nurl = "https://web.example.com/mcp"\n';
  await place.write(codex, onlyRemote);
  const hosts = await hostsWith({});
  await hosts.settle();
  const written = await place.text(codex);
  await addUndone(place.request.stateDir, 'codex', 1);
  await rm(join(place.home, codex));
  await hosts.settle();
  await place.write(codex, written);
  await hosts.settle();
  expect(await place.text(codex)).toBe(onlyRemote);
});

test('an undone host whose config is gone is not said to be given back at every look', async () => {
  const lines: string[] = [];
  const hosts = await hostsWith({}, { logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) });
  await hosts.settle();
  await addUndone(place.request.stateDir, 'codex', 1);
  await rm(join(place.home, codex));
  for (let look = 0; look < 2; look++) await hosts.settle();
  expect(lines.filter((line) => line.includes('an undo'))).toEqual([]);
});
