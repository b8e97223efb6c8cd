// The sample deployment: one organization of one person, one gateway, one workstation. Its gateway server and bridge are driven by their own
// command lines, so what is shown here is what an administrator and IT would do.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Plan, RestoreReport } from '#contract/host-report.ts';
import { PostureStatus } from '#contract/posture.ts';
import { AuditRecord } from '#contract/audit.ts';
import { Command } from '#contract/server.ts';
import type { StartOptions } from './options.ts';
import { root, runCommand, type Running, startProgram } from './program.ts';

export const gatewaySlug = 'sample';
export const user = 'you';
export const servers = ['everything', 'filesystem', 'memory'] as const;

const gatewayCli = join(root, 'gateway/launch.mjs');
const bridgeCli = join(root, 'bridge/cli.ts');
const Issued = z.looseObject({ token: z.string() });
const Offered = z.looseObject({ server: z.string(), fingerprint: z.string(), verdict: z.string(), command: Command });
export type Offered = z.infer<typeof Offered>;

export interface Sample {
  startGateway(): Promise<Running>;
  startBridge(): Promise<Running>;
  admin(...args: string[]): Promise<string>;
  /** Writes the profile as IT would push it; a fresh enrollment token where the workstation is not enrolled yet. */
  pushProfile(): Promise<{ file: string; isNew: boolean }>;
  plan(): Promise<Plan>;
  restore(): Promise<RestoreReport>;
  offered(): Promise<Offered[]>;
  hostToken(): Promise<string>;
  newestRecord(): Promise<AuditRecord | undefined>;
  posture(): Promise<{ status: PostureStatus; file: string } | undefined>;
}

export function describeSample(options: StartOptions): Sample {
  const gatewayData = join(options.dataDir, 'gateway');
  const stateDir = join(options.dataDir, 'bridge');
  const profileFile = join(options.dataDir, 'profile.json');
  const postureFile = join(options.dataDir, 'posture.json');
  const tokenFile = join(options.dataDir, 'enrollment-token');
  const device = ['--state', stateDir, '--home', options.home, '--profile', profileFile];
  const admin = (...args: string[]) => runCommand(gatewayCli, [...args, '--data', gatewayData]);

  return {
    admin,
    startGateway: () =>
      startProgram(
        'The gateway server',
        gatewayCli,
        [
          'serve',
          '--data',
          gatewayData,
          '--listen',
          options.listen,
          '--public-url',
          options.origin,
          '--metrics-listen',
          '127.0.0.1:0',
        ],
        'listening',
        join(options.dataDir, 'gateway.log'),
      ),
    startBridge: () =>
      startProgram('The bridge', bridgeCli, ['agent', ...device], 'started', join(options.dataDir, 'bridge.log')),
    async pushProfile() {
      const isNew = !(await isEnrolled(stateDir, options.origin));
      if (isNew)
        await writeFile(tokenFile, Issued.parse(JSON.parse(await admin('token', 'enroll', '--user', user, '--json'))).token, {
          mode: 0o600,
        });
      const profile = {
        GatewayURL: options.origin,
        GatewaySlug: gatewaySlug,
        EnrollmentTokenFile: tokenFile,
        EnforcementMode: 'enforce',
        LocalServerApproval: 'gateway',
        LocalServerPackageRoots: [root],
        PostureStatusPath: postureFile,
        ManagedByOrganizationName: 'Sample organization',
      };
      await writeFile(profileFile, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 });
      return { file: profileFile, isNew };
    },
    plan: async () => Plan.parse(JSON.parse(await runCommand(bridgeCli, ['hosts', 'plan', '--json', ...device]))),
    restore: async () => RestoreReport.parse(JSON.parse(await runCommand(bridgeCli, ['hosts', 'restore', '--json', ...device]))),
    offered: async () => z.array(Offered).parse(JSON.parse(await admin('server', 'offered', '--json'))),
    hostToken: async () =>
      Issued.parse(
        JSON.parse(
          await admin('token', 'host', '--gateway', gatewaySlug, '--host', 'npm-start', '--user', user, '--ttl', '12h', '--json'),
        ),
      ).token,
    async newestRecord() {
      const line = (await admin('audit', 'tail', '-n', '1', '--json')).trim().split('\n').at(-1);
      return line ? AuditRecord.parse(JSON.parse(line)) : undefined;
    },
    async posture() {
      const text = await readFile(postureFile, 'utf8').catch(() => undefined);
      return text === undefined ? undefined : { status: PostureStatus.parse(JSON.parse(text)), file: postureFile };
    },
  };
}

/** Enrolled with this very address: a device key is good for one gateway. */
async function isEnrolled(stateDir: string, origin: string): Promise<boolean> {
  const text = await readFile(join(stateDir, 'device.json'), 'utf8').catch(() => undefined);
  const device = text === undefined ? undefined : z.looseObject({ gatewayOrigin: z.string() }).safeParse(JSON.parse(text)).data;
  return device?.gatewayOrigin === origin;
}
