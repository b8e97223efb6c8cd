// The way to the gateway, by real gateway servers: what one of them approved counts for as long as it is the one that is dialed.
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Profile } from '#contract/profile.ts';
import { reveal } from '#contract/secret.ts';
import type { Verdict } from '#contract/server.ts';
import { readProfile } from '../../bridge/profile/read.ts';
import { createUplink } from '../../bridge/uplink.ts';
import type { Uplink } from '../../bridge/uplink.ts';
import { createStage, emptyPool, folder, launchProgram, offersOf, secretFile, silent } from '../gateway/tunnel/stage.ts';
import type { Stage } from '../gateway/tunnel/stage.ts';
import { proves } from '../requirement.ts';
import { until } from './server/fixture.ts';

async function profileWith(values: object): Promise<Profile> {
  const file = join(await folder(), 'profile.json');
  await writeFile(file, JSON.stringify(values), { mode: 0o600 });
  return (await readProfile({ platform: 'linux', uid: process.getuid?.() ?? -1, file })).profile;
}

/** What an uplink needs that has nothing to say and nobody to hear it. */
function alone(stateDir: string): Parameters<typeof createUplink>[0] {
  return {
    stateDir,
    secretStore: secretFile(stateDir),
    osUser: 'ada',
    hostname: 'laptop',
    platform: 'linux',
    product: 'test',
    pool: emptyPool,
    offers: () => [],
    onVerdicts: () => undefined,
    onTunnel: () => undefined,
    onCalls: () => undefined,
    reports: { pending: [], noted: () => undefined, told: () => Promise.resolve() },
    isPaused: () => false,
    now: Date.now,
    logger: silent,
  };
}

/** A device whose local server its first gateway approved. */
async function approved(): Promise<{
  uplink: Uplink;
  verdicts: () => readonly Verdict[];
  profileOf(of: Stage): Promise<Profile>;
}> {
  const stage = await createStage();
  const stateDir = await folder();
  const launch = launchProgram('memory', '/bin/true');
  let verdicts: readonly Verdict[] = [];
  const uplink = createUplink({
    ...alone(stateDir),
    offers: () => offersOf(launch),
    onVerdicts: (said) => void (verdicts = said ?? []),
  });
  onTestFinished(() => uplink.close());
  const profileOf = async (of: Stage): Promise<Profile> => {
    const file = join(stateDir, 'token');
    await writeFile(file, reveal(await of.token('ada')), { mode: 0o600 });
    return profileWith({ GatewayURL: of.origin, EnrollmentTokenFile: file });
  };
  await uplink.follow(await profileOf(stage));
  await until(async () => (await stage.store.offers()).length > 0);
  await stage.store.decide(launch.source.server, launch.fingerprint, 'approved', null, Date.now());
  await until(() => verdicts.length > 0);
  expect(verdicts).toMatchObject([{ decision: 'approved' }]);
  return { uplink, verdicts: () => verdicts, profileOf };
}

test('approvals end with the gateway that gave them, before another one has said anything', async () => {
  const { uplink, verdicts, profileOf } = await approved();
  const other = await createStage();
  await uplink.follow(await profileOf(other));
  expect(uplink.device?.gatewayOrigin).toBe(other.origin);
  expect(verdicts()).toEqual([]);
});

test('approvals end when the profile names no gateway, or one that does not know the device', async () => {
  for (const profile of [{}, { GatewayURL: 'https://other.example.org' }]) {
    const { uplink, verdicts } = await approved();
    await uplink.follow(await profileWith(profile));
    expect(uplink.tunnel).toBeUndefined();
    expect(verdicts()).toEqual([]);
  }
});

test.each<[what: string, prepare: (file: string) => Promise<unknown>, detail: RegExp | undefined]>([
  ['is not there', async () => undefined, undefined],
  ['was spent', async (file) => writeFile(file, ''), undefined],
  ['can be read by others', async (file) => writeFile(file, 'token', { mode: 0o644 }), /make it 0600/],
  ["can't be read", async (file) => symlink(file, file), /can't be read \(ELOOP\): make it the user's own/],
  ['is a folder', async (file) => mkdir(file), /no plain file/],
  ['is a pipe', async (file) => promisify(execFile)('mkfifo', ['-m', '600', file]), /no plain file/],
])('a token file that %s enrolls nobody, and IT is told why where one waits', async (_, prepare, detail) => {
  proves('device.token-file-told', {
    file: 'bridge/uplink.ts',
    find: "findings.push({ code: 'enrollment_failed', path: file, detail: token });",
    replace: '',
  });
  const stateDir = await folder();
  const file = join(stateDir, 'token');
  await prepare(file);
  const uplink = createUplink(alone(stateDir));
  onTestFinished(() => uplink.close());
  const findings = await uplink.follow(await profileWith({ GatewayURL: 'http://127.0.0.1:1', EnrollmentTokenFile: file }));
  const told = findings.filter(({ code }) => code === 'enrollment_failed');
  expect(told.map(({ detail: said }) => said)).toEqual(detail ? [expect.stringMatching(detail)] : []);
  expect(findings.map(({ code }) => code)).toContain('not_enrolled');
});
