// The first run: a device that no profile enrolls, by a token that is pasted and by a link that is confirmed; and links that mean ill.
// Rule of what is tried: whatever a link says, a person is asked, and the gateway is the profile's.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Deployment, deploy } from '../walk/deployment.ts';
import { walkPolicy } from '../walk/policy.ts';
import { root, startProgram } from '../walk/program.ts';
import { buildCompanion, launchCompanion } from './companion.ts';
import { expectStanding, shoot } from './look.ts';
import { type Session, missingPrograms, openSession } from './session.ts';

const missing = missingPrograms();
const bridgeCli = join(root, 'bridge/cli.ts');

describe.skipIf(missing.length > 0)('the first run', () => {
  let session: Session;
  let deployment: Deployment;
  beforeAll(async () => {
    await buildCompanion();
    session = await openSession();
    deployment = await deploy({ policy: walkPolicy({}) });
  });
  afterAll(async () => {
    await deployment?.close();
    await session?.close();
  });
  const issue = async () =>
    z.looseObject({ token: z.string() }).parse(JSON.parse(await deployment.admin('token', 'enroll', '--user', 'ada', '--json')))
      .token;

  test.each(['a pasted token', 'a confirmed link'])('enrolls by %s at the gateway of the profile', async (by) => {
    const dir = join(deployment.dir, by.replaceAll(' ', '-'));
    await mkdir(join(dir, 'home'), { recursive: true });
    await mkdir(join(dir, 'state'), { mode: 0o700 });
    const profileFile = join(dir, 'profile.json');
    await writeFile(
      profileFile,
      JSON.stringify({
        GatewayURL: deployment.origin,
        ManagedByOrganizationName: 'Example Corp',
        PostureStatusPath: join(dir, 'posture.json'),
      }),
      { mode: 0o600 },
    );
    const agent = startProgram(bridgeCli, [
      'agent',
      '--state',
      join(dir, 'state'),
      '--home',
      join(dir, 'home'),
      '--profile',
      profileFile,
    ]);
    await agent.event('started');
    const token = await issue();
    const link = by === 'a confirmed link' ? [`drawbridge://enroll?token=${token}`] : [];
    const companion = await launchCompanion({ session, args: [`--agent-socket=${join(dir, 'state/agent.sock')}`, ...link] });
    try {
      const page = await companion.page();
      if (link.length > 0) {
        const question = page.getByRole('dialog', { name: 'Enroll this device?' });
        await question.getByText(deployment.origin).waitFor();
        expect((await page.content()).includes(token)).toBe(false);
        await shoot(page, 'enroll-link');
        await question.getByRole('button', { name: 'Enroll' }).click();
      } else {
        const menu = await expectStanding(companion, {
          kind: 'unenrolled',
          title: 'Not enrolled',
          words: /This device is not enrolled with your organization’s gateway yet/,
        });
        expect(menu).toEqual(['Open Drawbridge', 'Copy diagnostics']);
        await page.getByRole('textbox', { name: 'Enrollment token' }).fill('not-a-token');
        await page.getByRole('button', { name: 'Enroll' }).click();
        await page.getByRole('alert').waitFor();
        await shoot(page, 'unenrolled-refused');
        await page.getByRole('textbox', { name: 'Enrollment token' }).fill(token);
        await page.getByRole('button', { name: 'Enroll' }).click();
      }
      await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    } finally {
      await companion.close();
      await agent.stop();
    }
  });
});
