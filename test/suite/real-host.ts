// What holds of every real AI host that is driven: its own program, with the config of its user, before and after Drawbridge changed it.
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test, type TestContext } from 'vitest';
import type { RealHost } from '../host/host.ts';
import { folderOf, packageOf } from '../host/talk.ts';
import { type Trial, tryHost } from '../host/trial.ts';
import { judge, toolsOf } from '../host/verdict.ts';
import { proves } from '../requirement.ts';

export function driveRealHost(host: RealHost): void {
  const { name, version } = packageOf(host);
  const isHere = existsSync(folderOf(host));
  let trial: Trial;
  const tried = ({ skip }: TestContext): Trial => {
    if (!isHere) skip(`${name}@${version} is not installed: node build/setup.mjs --hosts`);
    return trial;
  };

  describe(`${host.id} ${version}`, () => {
    beforeAll(async () => {
      if (isHere) trial = await tryHost(host);
    }, 600_000);

    test('calls the server that its user entered', (context) => {
      const { direct, message } = tried(context);
      expect(direct.allowed.result ?? direct.allowed.output).toContain(`Echo: ${message}`);
    });

    test('lists and calls a tool through the bridge and the gateway, which has it on record as this host', (context) => {
      proves('real-host.calls', {
        file: 'bridge/host/shape.ts',
        find: "args: ['connect', '--host', host,",
        replace: "args: ['connect', '--host', 'any',",
      });
      const { converged, message, records, text } = tried(context);
      expect(text).not.toContain('server-everything');
      expect(converged.allowed.result ?? converged.allowed.output).toContain(`Echo: ${message}`);
      expect(judge(trial).lists, toolsOf(trial, converged.allowed, 'everything').join()).toBe(true);
      const calls = records.filter((record) => record['method'] === 'tools/call');
      expect(calls).toMatchObject([{ via: 'shim', host: host.id, tool: 'echo', decision: 'allowed', user: { name: 'ada' } }]);
    });

    test('does not reach a server that it had before and that is not approved', (context) => {
      proves('real-host.unapproved', {
        file: 'bridge/server/sanction.ts',
        find: "return said.some((verdict) => verdict.decision === 'approved')",
        replace: 'return said.every(() => true)',
      });
      const { direct, converged, records } = tried(context);
      expect(toolsOf(trial, direct.unapproved, 'memory').length).toBeGreaterThan(0);
      expect(direct.unapproved.result).toContain('entities');
      expect(toolsOf(trial, converged.unapproved, 'memory')).toEqual([]);
      expect(converged.unapproved.result).not.toContain('entities');
      const refused = records.filter((record) => record['code'] === 'SERVER_NOT_APPROVED');
      expect(refused).toContainEqual(
        expect.objectContaining({
          via: 'shim',
          host: host.id,
          decision: 'refused',
          server: expect.objectContaining({ name: 'memory' }),
        }),
      );
      expect(judge(trial).unapprovedRefused).toBe(true);
    });

    test(`keeps what its user allowed: ${host.permission}`, (context) => {
      proves('real-host.permission', {
        file: 'bridge/host/shape.ts',
        find: 'drop: launchFields(spec).filter((field) => there.includes(field)),',
        replace: 'drop: there.filter((field) => field !== command && field !== args),',
      });
      const { direct, converged } = tried(context);
      for (const { allowed, unasked } of [direct, converged]) {
        expect(allowed.result).toContain('Echo: ');
        expect(`${unasked.result}\n${unasked.output}`).toMatch(host.refusal);
      }
      expect(judge(trial).permissionSurvives).toBe(true);
    });

    test('calls its own server again once its config was given back', (context) => {
      const { restored, message } = tried(context);
      expect(restored.result ?? restored.output).toContain(`Echo: ${message}`);
    });

    test('asks nothing of the world beyond loopback, and ends by itself', (context) => {
      const { direct, converged, restored } = tried(context);
      const talks = [...Object.values(direct), ...Object.values(converged), restored];
      expect(talks.flatMap(({ outside }) => outside)).toEqual([]);
      expect(talks.filter(({ isTimedOut }) => isTimedOut)).toEqual([]);
      expect(judge(trial).staysLocal).toBe(true);
    });
  });
}
