// A hostile gateway server gets nowhere: every frame that there is, valid and broken, thrown at a real bridge with a real pool, and nothing runs.
// 3 s by default; FUZZ_SECONDS=60 for longer. The seed is printed where it fails, and FUZZ_SEED repeats it.
import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { frameType } from '#contract/frame.ts';
import { newId, OrganizationId, UserId, WorkstationId } from '#contract/id.ts';
import type { Verdict } from '#contract/server.ts';
import type { TunnelState } from '#contract/tunnel-state.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { sanction } from '../../../bridge/server/sanction.ts';
import { dial } from '../../../bridge/tunnel/dial.ts';
import { openHostileGateway } from '../../fake/hostile-gateway.ts';
import { createEcho, folder, hear, launchProgram, offersOf, openTo, silent } from '../../gateway/tunnel/stage.ts';
import { proves } from '../../requirement.ts';
import { poolOf, until } from '../server/fixture.ts';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 3);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** A device that offers a command which leaves a mark when it runs, and whose profile leaves nothing to the gateway. */
async function marking(isAllowed: boolean) {
  const dir = await folder();
  const marker = join(dir, 'it-ran');
  const launch = launchProgram('echo', await realpath('/usr/bin/touch'), marker);
  const profile = {
    LocalServers: {},
    LocalServerApproval: 'profile' as const,
    AllowedLocalServerCommands: isAllowed ? [launch.fingerprint] : [],
    DeniedLocalServerCommands: [],
  };
  let verdicts: readonly Verdict[] = [];
  let asked = 0;
  const pool = poolOf([launch], dir, {
    sanction: ({ source, fingerprint }) => {
      asked++;
      return sanction({ profile, verdicts, source, fingerprint });
    },
  });
  const ran = () =>
    access(marker).then(
      () => true,
      () => false,
    );
  return { launch, pool, ran, asked: () => asked, onVerdicts: (said: readonly Verdict[]) => void (verdicts = said) };
}

describe('a hostile gateway server', () => {
  test(
    'makes no command run, whatever it sends, and the bridge lives',
    async () => {
      proves('tunnel.hostile-gateway', {
        file: 'bridge/server/sanction.ts',
        find: "if (profile.LocalServerApproval !== 'gateway') return new Fault('SERVER_NOT_APPROVED', { server, fingerprint });",
        replace: '',
      });
      const { launch, pool, ran, asked, onVerdicts } = await marking(false);
      const organization = OrganizationId.parse(newId());
      const gateway = await openHostileGateway({ seed, organization, offers: offersOf(launch) });
      onTestFinished(() => gateway.close());
      const device = {
        workstation: WorkstationId.parse(newId()),
        user: UserId.parse(newId()),
        organization,
        sign: makeDeviceKey().key.sign,
      };
      let connected = 0;
      let approved = 0;
      const tunnel = dial({
        gatewayOrigin: gateway.origin,
        device,
        pool,
        offers: () => offersOf(launch),
        onVerdicts: (said) => {
          if (said.some((verdict) => verdict.fingerprint === launch.fingerprint && verdict.decision === 'approved')) approved++;
          onVerdicts(said);
        },
        onState(state: TunnelState) {
          if (state.kind === 'connected') connected++;
          // It may tell the bridge to stay away for good: somebody wakes it.
          if (state.kind === 'refused') setImmediate(() => tunnel.wake());
        },
        logger: silent,
        random: () => 0,
        product: 'test',
      });
      onTestFinished(() => tunnel.close());

      await setTimeout(seconds * 1000);
      // A busy machine throws less in that time.
      const isFair = () =>
        connected > seconds && gateway.thrown.size === Object.values(frameType).length && asked() > 10 * seconds && approved > 0;
      await until(isFair).catch(() => undefined);

      const said = `seed ${seed}`;
      expect(await ran(), said).toBe(false);
      expect(
        pool.health().flatMap(({ pids }) => [...pids]),
        said,
      ).toEqual([]);
      // It was a fair fight: many tunnels, every type of frame, opens that reached the sanction, approvals that were heard.
      expect(connected, said).toBeGreaterThan(seconds);
      expect(
        [...gateway.thrown.keys()].toSorted((a, b) => a - b),
        said,
      ).toEqual(Object.values(frameType).toSorted((a, b) => a - b));
      expect(asked(), said).toBeGreaterThan(10 * seconds);
      expect(approved, said).toBeGreaterThan(0);
      const before = connected;
      await until(() => connected > before);
      await tunnel.close();
    },
    (seconds + 30) * 1000,
  );

  test('would have been caught: the same command leaves its mark where the profile allows it', async () => {
    const { launch, pool, ran } = await marking(true);
    const { stage, device } = await createEcho({}, { pool, offers: () => offersOf(launch) });
    await openTo(stage, device, launch, hear()).catch((error: unknown) => expect(error).toBeInstanceOf(Fault));
    await until(ran);
  });
});
