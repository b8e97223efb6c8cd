// The way to the gateway, by real gateway servers: what one of them approved counts for as long as it is the one that is dialed.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Profile } from '#contract/profile.ts';
import { reveal } from '#contract/secret.ts';
import type { Verdict } from '#contract/server.ts';
import { readProfile } from '../../bridge/profile/read.ts';
import { createUplink } from '../../bridge/uplink.ts';
import type { Uplink } from '../../bridge/uplink.ts';
import { createStage, emptyPool, folder, launchProgram, offersOf, secretFile, silent } from '../gateway/tunnel/stage.ts';
import type { Stage } from '../gateway/tunnel/stage.ts';
import { until } from './server/fixture.ts';

async function profileWith(values: object): Promise<Profile> {
  const file = join(await folder(), 'profile.json');
  await writeFile(file, JSON.stringify(values), { mode: 0o600 });
  return (await readProfile({ platform: 'linux', uid: process.getuid?.() ?? -1, file })).profile;
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
    stateDir,
    secretStore: secretFile(stateDir),
    osUser: 'ada',
    hostname: 'laptop',
    platform: 'linux',
    product: 'test',
    pool: emptyPool,
    offers: () => offersOf(launch),
    onVerdicts: (said) => void (verdicts = said),
    onTunnel: () => undefined,
    onCalls: () => undefined,
    reports: { pending: [], noted: () => undefined, told: () => Promise.resolve() },
    isPaused: () => false,
    now: Date.now,
    logger: silent,
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
