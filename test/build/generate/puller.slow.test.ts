// The scripts that MDM tools run, each run for real over files as the agent writes them, and over files that nobody should trust.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exitCodeOf, formatted, verdictOf } from '../../../bridge/posture/format.ts';
import type { Verdict } from '../../../bridge/posture/format.ts';
import { readTrustedPosture } from '../../../bridge/posture/status-file.ts';
import { proves } from '../../requirement.ts';
import { isThere, root as repository } from './fixture.ts';
import { ada, bob, me, openPlace, runScript, scripts, tell } from './puller-fixture.ts';
import type { Place, Told } from './puller-fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(async () => place.close());

const names = Object.keys(scripts) as (keyof typeof scripts)[];
const minute = 60_000;

type Case = readonly [what: string, verdict: Verdict, told: Told | undefined, spoil?: (file: string) => Promise<unknown>];
const cases: readonly Case[] = [
  ['all is in order', 'compliant', {}],
  ['something does not work, but no host goes past the gateway', 'compliant', { news: { findings: [{ code: 'tunnel_down' }] } }],
  ['a finding is grave', 'noncompliant', { news: { findings: [{ code: 'not_enrolled' }] } }],
  ['the file expired', 'stale', { writtenMs: Date.now() - 60 * minute }],
  [
    'it expired, and was grave before',
    'stale',
    { writtenMs: Date.now() - 16 * minute, news: { findings: [{ code: 'not_enrolled' }] } },
  ],
  ['it was written more than a year ago', 'stale', { writtenMs: Date.now() - 400 * 24 * 60 * minute }],
  ['it comes from the future', 'stale', { writtenMs: Date.now() + 30 * minute }],
  ['the agent was stopped', 'stale', { isStopping: true }],
  ['the first scan is not over', 'stale', { news: { isComplete: false } }],
  ['there is no file', 'absent', undefined],
  ['it is empty', 'error', {}, (file) => truncate(file)],
  ['it is cut off', 'error', {}, (file) => truncate(file, 900)],
  ['it is no JSON', 'error', {}, (file) => writeFile(file, 'compliant\n')],
  ['it is of another version', 'error', {}, (file) => edit(file, '"schema_version": "1.0"', '"schema_version": "9.0"')],
  ['it is of another product', 'error', {}, (file) => edit(file, '"product": "drawbridge"', '"product": "moat"')],
  ['its time is none', 'error', {}, (file) => edit(file, /"expires_at": ".*"/, '"expires_at": "never"')],
  ['a day of it is none', 'error', {}, (file) => edit(file, /"expires_at": ".{10}/, '"expires_at": "2999-02-29')],
  ['its time has no milliseconds', 'error', {}, (file) => edit(file, /("expires_at": ".*)\.\d{3}Z/, '$1Z')],
  ['its status is none', 'error', {}, (file) => edit(file, /"status": ".*"/, '"status": "fine"')],
  ['a member is lost', 'error', {}, (file) => edit(file, /\n {2}"reasons": .*/, '')],
  ['a member of a member is lost', 'error', {}, (file) => edit(file, /\n {4}"tunnel": .*/, '')],
  ['a member is of another kind', 'error', {}, (file) => edit(file, /"sequence": \d+/, '"sequence": "1"')],
  ['it is damaged in the midst', 'error', {}, (file) => edit(file, /"hosts": \[/, '"hosts": ')],
  ['a byte of a name is another', 'error', {}, (file) => edit(file, '"gateway": {', '"gateway: {')],
  ['an end of a line is lost', 'error', {}, (file) => edit(file, /,\n {2}"sequence"/, ', "sequence"')],
  ['a comma is lost', 'error', {}, (file) => edit(file, /,(\n {2}"sequence")/, '$1')],
  [
    'it is written on one line',
    'error',
    {},
    async (file) => writeFile(file, JSON.stringify(JSON.parse(await readFile(file, 'utf8')))),
  ],
  [
    'it has Windows line ends',
    'error',
    {},
    async (file) => writeFile(file, (await readFile(file, 'utf8')).replaceAll('\n', '\r\n')),
  ],
  ['it begins with a BOM', 'error', {}, async (file) => writeFile(file, `\ufeff${await readFile(file, 'utf8')}`)],
  ['it stands there twice', 'error', {}, async (file) => writeFile(file, (await readFile(file, 'utf8')).repeat(2))],
  ['a verdict stands there twice', 'error', {}, (file) => edit(file, /(\n {2}"compliant": .*)/, '$1$1')],
  ['its direct servers are fewer than none', 'error', {}, (file) => edit(file, /"direct_servers": \d+/, '"direct_servers": -1')],
  ['it lacks its last line end', 'compliant', {}, (file) => edit(file, /\n$/, '')],
  ['everybody can write it', 'error', {}, (file) => chmod(file, 0o646)],
  ['its group can write it', 'error', {}, (file) => chmod(file, 0o664)],
  ['it is larger than 64 KiB', 'error', {}, (file) => edit(file, /\n$/, ' '.repeat(66_000))],
  [
    'it is a symbolic link',
    'error',
    {},
    async (file) => {
      await rename(file, `${file}.real`);
      await symlink(`${file}.real`, file);
    },
  ],
  [
    'it is a link to nothing',
    'error',
    {},
    async (file) => {
      await rm(file);
      await symlink('/nowhere', file);
    },
  ],
  [
    'it is a directory',
    'error',
    {},
    async (file) => {
      await rm(file);
      await mkdir(file);
    },
  ],
  [
    'it is a FIFO, at which a reader would wait',
    'error',
    {},
    async (file) => {
      await rm(file);
      expect(spawnSync('mkfifo', [file]).status).toBe(0);
    },
  ],
];

describe.each(names)('%s', (name) => {
  test.each(cases.map(([what, verdict, told, spoil]) => ({ what, verdict, told, spoil })))(
    'where $what, says $verdict',
    async ({ verdict, told, spoil }) => {
      proves('puller.verdicts', {
        file: 'build/profile/puller/intune-discovery-linux.sh',
        find: 'verdict = compliant == "true" ? "compliant" : "noncompliant"',
        replace: 'verdict = "compliant"',
      });
      const file = await place.own(scripts[name].system, 'ada', ada);
      if (told) await tell(file, ada, told);
      await spoil?.(file);
      checkAgainst(runScript(name, place.root), name, verdict);
      // the command judges the same file the same way
      const read = await readTrustedPosture(file, me);
      expect(verdictOf(read, Date.now())).toBe(verdict);
      if (name === 'jamf') expect(runScript(name, place.root).out).toBe(formatted('jamf', read, Date.now()));
      if (name === 'intune' && verdict !== 'error') {
        const [said, commanded] = [runScript(name, place.root).out, formatted('intune', read, Date.now())].map((text) =>
          discovered.parse(JSON.parse(text)),
        );
        expect(said).toEqual({ ...commanded, PostureAgeMinutes: expect.closeTo(commanded?.PostureAgeMinutes ?? 0, -0.3) });
      }
    },
  );

  test('trusts no file that belongs to somebody else', async ({ skip }) => {
    proves('puller.owner', {
      file: 'build/profile/puller/exit-code-linux.sh',
      find: '-type f -user "$1" !',
      replace: '-type f !',
    });
    if (me !== 0) skip('only root can make a file of somebody else');
    const file = await place.own(scripts[name].system, 'ada', ada);
    await tell(file, ada);
    await chown(file, bob, bob);
    checkAgainst(runScript(name, place.root), name, 'error');
    expect(verdictOf(await readTrustedPosture(file, me), Date.now())).toBe('error');
  });

  test("goes to the installer's folder where it is the user's, and to the home where it is not", async () => {
    const { system } = scripts[name];
    await tell(await place.own(system, 'ada', ada), ada, { news: { findings: [{ code: 'not_enrolled' }] } });
    checkAgainst(runScript(name, place.root), name, 'noncompliant');
    const shared = await place.shared(system, ada);
    await tell(shared, ada);
    // with both, and nobody logged in, the home's file is one that the agent no longer writes
    checkAgainst(runScript(name, place.root), name, 'compliant');
    if (me !== 0) return;
    await chown(dirname(shared), bob, bob);
    checkAgainst(runScript(name, place.root), name, 'noncompliant');
  });

  test('runs under bash as under sh', async () => {
    await tell(await place.own(scripts[name].system, 'ada', ada), ada);
    checkAgainst(runScript(name, place.root, '/bin/bash'), name, 'compliant');
  });
});

test('on Linux, no pipe that takes the place of the file while it is read holds root up', async () => {
  proves('puller.not-held', {
    file: 'build/profile/puller/exit-code-linux.sh',
    find: "careful='iflag=nofollow,nonblock'",
    replace: "careful=''",
  });
  const file = await place.own('linux', 'ada', ada);
  await tell(file, ada);
  await rename(file, `${file}.real`);
  expect(spawnSync('mkfifo', ['-m', '644', `${file}.pipe`]).status).toBe(0);
  if (me === 0) await chown(`${file}.pipe`, ada, ada);
  const exchanging = `const { linkSync, renameSync } = require('node:fs');
    for (;;) for (const kind of ['real', 'pipe']) {
      linkSync('${file}.' + kind, '${file}.next');
      renameSync('${file}.next', '${file}');
    }`;
  const user = spawn(process.execPath, ['-e', exchanging], { stdio: 'ignore' });
  try {
    for (let count = 0; count < 40; count++)
      expect(runScript('exit-code-linux', place.root).out).toMatch(/^(compliant|error|absent)\n$/);
  } finally {
    user.kill('SIGKILL');
    await once(user, 'exit');
    // whoever waits there goes on
    await open(`${file}.pipe`, constants.O_RDWR).then(async (pipe) => await pipe.close());
  }
}, 60_000);

describe('with several users, where root asks', () => {
  test('the worst of those who are logged in counts', async ({ skip }) => {
    proves('puller.worst', {
      file: 'build/profile/puller/intune-discovery-linux.sh',
      find: 'if [ "$rank" -gt "$highest" ]; then',
      replace: 'if [ "$highest" -lt 0 ]; then',
    });
    if (me !== 0) skip('only root can make files of several users');
    await tell(await place.own('linux', 'ada', ada), ada, { writtenMs: Date.now() - 180_000 });
    const ofBob = await place.own('linux', 'bob', bob);
    await tell(ofBob, bob, { news: { findings: [{ code: 'not_enrolled' }] } });
    checkAgainst(runScript('intune', place.root), 'intune', 'noncompliant');
    await mkdir(join(place.root, 'run/user', String(ada)), { recursive: true });
    await mkdir(join(place.root, 'run/user/115'), { recursive: true });
    checkAgainst(runScript('intune', place.root), 'intune', 'compliant');
    await mkdir(join(place.root, 'run/user', String(bob)), { recursive: true });
    checkAgainst(runScript('intune', place.root), 'intune', 'noncompliant');
    await rm(ofBob);
    // somebody is here without an agent
    checkAgainst(runScript('intune', place.root), 'intune', 'absent');
  });

  test('on macOS it is who sits at the machine', async ({ skip }) => {
    if (me !== 0) skip('only root can make files of several users');
    await tell(await place.own('macos', 'ada', ada), ada);
    await tell(await place.own('macos', 'bob', bob), bob, { isStopping: true });
    checkAgainst(runScript('jamf', place.root), 'jamf', 'stale');
    const console = join(place.root, 'dev/console');
    await mkdir(dirname(console));
    await writeFile(console, '');
    await chown(console, ada, 0);
    checkAgainst(runScript('jamf', place.root), 'jamf', 'compliant');
    await chown(console, 0, 0);
    checkAgainst(runScript('jamf', place.root), 'jamf', 'stale');
  });
});

test('shellcheck finds nothing in any of them', ({ skip }) => {
  if (!isThere('shellcheck')) skip('there is no shellcheck');
  const files = names.map((name) => join(repository, scripts[name].path));
  expect(
    spawnSync('shellcheck', ['--enable=all', '--exclude=SC2250,SC2310,SC2311,SC2312,SC2249', ...files], { encoding: 'utf8' }),
  ).toMatchObject({
    status: 0,
    stdout: '',
  });
});

test.each(['json', 'jamf', 'intune', 'kv', 'exit-code'] as const)(
  '`drawbridge posture --format %s` judges like the scripts',
  async (format) => {
    proves('puller.command', {
      file: 'bridge/command/look.ts',
      find: 'const file = await readTrustedPosture(path, around.uid);',
      replace: "const file = await readTrustedPosture(path.replace('status', 'other'), around.uid);",
    });
    const state = join(place.root, 'state');
    const ask = async (told: Told | undefined) => {
      if (told) await tell(join(state, 'posture/status.json'), me, told);
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['bridge/cli.ts', 'posture', '--format', format, '--state', state],
        { cwd: repository, encoding: 'utf8' },
      );
      const read = await readTrustedPosture(join(state, 'posture/status.json'), me);
      expect(stderr).toBe('');
      expect(status).toBe(exitCodeOf(read, Date.now()));
      expect(stdout).toBe(formatted(format, read, Date.now()));
      return status;
    };
    expect(await ask(undefined)).toBe(2);
    expect(await ask({})).toBe(0);
    expect(await ask({ news: { findings: [{ code: 'not_enrolled' }] } })).toBe(1);
  },
);

const discovered = z.strictObject({
  DrawbridgeCompliant: z.boolean(),
  PostureAgeMinutes: z.number().int().min(0),
  DrawbridgeVersion: z.string().regex(/^\d+(\.\d+)*$/),
  DirectServerCount: z.number().int().min(-1),
});

/** What this script must print, and how it must end, for a verdict. */
function checkAgainst(
  { status, out }: { readonly status: number | null; readonly out: string },
  name: keyof typeof scripts,
  verdict: Verdict,
): void {
  switch (name) {
    case 'jamf':
      expect({ status, out }).toEqual({ status: 0, out: `<result>${verdict}</result>\n` });
      return;
    case 'intune': {
      expect(status).toBe(0);
      expect(out).toMatch(/^\{[^\n]*\}\n$/);
      const found = discovered.parse(JSON.parse(out));
      expect(found.DrawbridgeCompliant, out).toBe(verdict === 'compliant');
      const isKnown = verdict !== 'absent' && verdict !== 'error';
      expect(found.DrawbridgeVersion).toBe(isKnown ? '0.1.0' : '0.0.0');
      expect(found.PostureAgeMinutes === 2_147_483_647).toBe(!isKnown);
      return;
    }
    default:
      expect({ status, out }).toEqual({
        status: { compliant: 0, noncompliant: 1, stale: 2, absent: 2, error: 3 }[verdict],
        out: `${verdict}\n`,
      });
  }
}

async function edit(file: string, find: string | RegExp, replace: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(find);
  await writeFile(file, text.replace(find, replace));
}
