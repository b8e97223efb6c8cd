// The Linux packages, made by `npm run package` and lived through on a machine of its own: life-cycle.ts does it, this says what must have come of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Scratch, copyRepository } from '../../scratch.ts';
import { proves } from '../../requirement.ts';
import { newerPackages, packageApp } from './packaged.ts';

const root = join(import.meta.dirname, '../../..');

let place = '';
let scratch: Scratch | undefined;
let packages: Readonly<Record<'deb' | 'rpm', readonly string[]>> | Error = new Error('not packaged');
beforeAll(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-package-'));
  scratch = await copyRepository(root);
  const { root: copy } = scratch;
  const out = join(place, 'out');
  packages = await packageApp(copy, out, ['--test-electron']).then(
    async (packaged) => {
      const newer = await newerPackages(copy, packaged, place, '99.0.0');
      return { deb: [packaged.deb, newer.deb], rpm: [packaged.rpm, newer.rpm] };
    },
    (error: Error) => error,
  );
}, 280_000);
afterAll(async () => {
  await scratch?.close();
  await rm(place, { recursive: true, force: true });
});

/** What came of the life of a package, or why it could not be lived here. */
async function lived(kind: 'deb' | 'rpm'): Promise<{ readonly found: Record<string, unknown>; readonly why?: string }> {
  const cannot = (why: string) => ({ found: {}, why });
  if (process.getuid?.() !== 0) return cannot('only root can lay a machine of its own');
  if (packages instanceof Error) return cannot(`the app can't be packaged here: ${packages.message.slice(0, 300)}`);
  const script = join(import.meta.dirname, 'life-cycle.ts');
  // a shell is the first process of that machine: it waits for what its children leave behind
  const inside = ['sh', '-c', '"$@"; exit $?', 'sh', process.execPath, script, ...packages[kind]];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const child = spawn('unshare', [...namespaces, ...inside], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = await once(child, 'close');
  console.log(said);
  if (code === 77) return cannot(said.trim());
  if (code !== 0) throw new Error(`the life of the package ended with ${String(code)}:\n${said}\n${errors}`);
  return { found: JSON.parse(said.trim().split('\n').at(-1) ?? '') };
}

describe('the Debian package', () => {
  let found: Record<string, unknown> = {};
  let why: string | undefined;
  beforeAll(async () => {
    ({ found, why } = await lived('deb'));
  }, 480_000);

  test('installs without a question, and its first agent enrolls by the token that waits there', ({ skip }) => {
    proves('package.silent-install', {
      file: 'build/package/linux/postinst',
      find: 'install -d -m 755 -o "$uid" -g "$gid" "$posture/$uid"',
      replace: 'install -d -m 755 "$posture/$uid"',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      install: 0,
      postureOwner: true,
      startedByInstall: 0,
      enrolledByToken: true,
      tokenFile: '',
      converged: true,
      call: '42',
    });
    expect(['compliant', 'degraded']).toContain(found['posture']);
    // grace's device key and the key of her backups
    expect(found['secretsInKeyring']).toBe(2);
  });

  test('brings a unit, a link handler and an autostart entry that their own checkers accept', ({ skip }) => {
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      unit: '',
      entries: '',
      handler: 'MimeType=x-scheme-handler/drawbridge;',
      registered: 'x-scheme-handler/drawbridge=drawbridge.desktop;',
      sandbox: '4755',
    });
  });

  test('keeps enrollment, configs and what runs over an upgrade, and every path that a host names', ({ skip }) => {
    proves('package.upgrade-keeps', {
      file: 'build/package/linux/postinst',
      find: '            start_noted\n        fi',
      replace: '            rm -rf "$notes"\n        fi',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      upgrade: 0,
      sameWorkstation: true,
      sameWorkstationOfGrace: true,
      sameConfigs: true,
      sameLauncher: true,
      callAfterUpgrade: '42',
    });
    expect(found['versions']).toEqual([expect.not.stringMatching(/^99/), '99.0.0']);
  });

  test('is not removed while a host would be left with a program that is gone, and runs on', ({ skip }) => {
    proves('package.removal-refused', {
      file: 'build/package/linux/prerm',
      find: 'leave "$@" </dev/null || refused="$refused $name"',
      replace: 'leave "$@" </dev/null || true',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({ stillInstalled: true, runsAgain: '99.0.0', graceIsStillEnrolled: true });
    expect(found['refusedRemoval']).not.toBe(0);
  });

  test('gives every config back byte for byte when it is removed, ends what runs, and keeps the enrollment', ({ skip }) => {
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      remove: 0,
      restoredByRemove: true,
      runningAfterRemove: [],
      enrollmentKept: true,
      programGone: true,
      reinstall: 0,
      sameWorkstationAgain: true,
    });
  });

  test('gives every config back byte for byte when it is purged, and leaves no file, process or autostart behind', ({ skip }) => {
    proves('package.purge-clean', {
      file: 'build/package/linux/postrm',
      find: 'rm -rf /var/lib/drawbridge /etc/drawbridge "$notes"',
      replace: 'rm -rf /etc/drawbridge "$notes"',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({ purge: 0, restored: true, secretsLeft: 0, running: [], left: [], autostart: 'none' });
  });

  test('goes on after an upgrade that was cut off, and back to the version before', ({ skip }) => {
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      installAgain: 0,
      cutOff: expect.stringMatching(/^iHR|^iH/),
      runsOn: true,
      upgradeAgain: 0,
      upgradedTo: '99.0.0',
      downgrade: 0,
      backTo: expect.not.stringMatching(/^99/),
      sameWorkstationBack: true,
      callAfterDowngrade: '42',
      configured: 0,
      startedAfterCutOff: '99.0.0',
      startedOfGrace: '99.0.0',
      downgradeAgain: 0,
    });
  });

  test('leaves nothing either where it is removed first and purged later, while a host runs and no gateway server: not in an open keyring', ({
    skip,
  }) => {
    proves('package.purge-keyring', {
      file: 'build/package/linux/postrm',
      find: 'org.freedesktop.Secret.Item.Delete >/dev/null || return 1',
      replace: 'org.freedesktop.DBus.Peer.Ping >/dev/null || return 1',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      secretsBeforeRemove: 2,
      removeAlone: 0,
      restoredAlone: true,
      secretsKept: 2,
      shimsOutliveRemove: [],
      purgeAfterRemove: 0,
      secretsLeftInTwoSteps: 0,
      runningAtLast: [],
      leftAtLast: [],
    });
  });
});

describe('the rpm', () => {
  test('installs, starts, upgrades, refuses to leave a host alone, and gives every config back when it is removed', async ({
    skip,
  }) => {
    proves('package.rpm-life', {
      file: 'build/package/rpm.ts',
      find: "prerm: 'preun',",
      replace: "prerm: 'pretrans',",
    });
    const { found, why } = await lived('rpm');
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      install: 0,
      unit: '',
      postureOwner: true,
      sandbox: '4755',
      startedByInstall: 0,
      enrolledByToken: true,
      call: '42',
      upgrade: 0,
      sameWorkstation: true,
      sameWorkstationOfGrace: true,
      sameConfigs: true,
      sameLauncher: true,
      callAfterUpgrade: '42',
      stillInstalled: true,
      runsAgain: '99.0.0',
      remove: 0,
      restoredByRemove: true,
      runningAfterRemove: [],
      enrollmentKept: true,
      programGone: true,
      reinstall: 0,
      sameWorkstationAgain: true,
    });
    expect(found['refusedRemoval']).not.toBe(0);
  }, 280_000);
});
