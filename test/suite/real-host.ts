// What holds of every real AI host that is driven: its own program, with the config of its user, before and after Drawbridge changed it.
import { existsSync } from 'node:fs';
import { beforeAll, expect, test, type TestContext } from 'vitest';
import type { RealHost } from '../host/host.ts';
import { folderOf, packageOf } from '../host/run.ts';
import { type Trial, tryHost } from '../host/trial.ts';
import { toolsOf } from '../host/verdict.ts';

/** Answers the trial that the tests look at; it skips its test aloud where the host is not installed. */
export function driveRealHost(host: RealHost): (context: TestContext) => Trial {
  const { name, version } = packageOf(host);
  const isHere = existsSync(folderOf(host));
  let trial: Trial;
  const tried = ({ skip }: TestContext): Trial => {
    if (!isHere) skip(`${name}@${version} is not installed: node build/setup.mjs --hosts`);
    return trial;
  };
  beforeAll(async () => {
    if (isHere) trial = await tryHost(host);
  }, 900_000);

  test('it calls the server that its user entered', (context) => {
    const { direct, message } = tried(context);
    expect(direct.allowed.result ?? direct.allowed.output).toContain(`Echo: ${message}`);
  });

  test('it lists and calls a tool through the bridge and the gateway, which has it on record as this host', (context) => {
    const { converged, message, records, text } = tried(context);
    expect(text).not.toContain('server-everything');
    expect(converged.allowed.result ?? converged.allowed.output).toContain(`Echo: ${message}`);
    const calls = records.filter((record) => record['method'] === 'tools/call');
    expect(calls).toMatchObject([{ via: 'shim', host: host.id, tool: 'echo', decision: 'allowed', user: { name: 'ada' } }]);
  });

  test('it does not reach a server that it had before and that is not approved', (context) => {
    const { direct, converged, records, list } = tried(context);
    expect(toolsOf(trial, direct.unapproved, 'memory').length).toBeGreaterThan(0);
    expect(direct.unapproved.result).toContain('entities');
    expect(toolsOf(trial, converged.unapproved, 'memory')).toEqual([]);
    expect(converged.unapproved.result).not.toContain('entities');
    const refused = records.filter((record) => record['code'] === 'SERVER_NOT_APPROVED');
    expect(refused).not.toEqual([]);
    for (const record of refused)
      expect(record).toMatchObject({ via: 'shim', host: host.id, decision: 'refused', server: { name: 'memory' } });
    if (host.list) expect(list?.output).toMatch(host.list.failed);
  });

  test('it keeps what its user allowed, and what not', (context) => {
    const { direct, converged, records } = tried(context);
    for (const { allowed, unasked } of [direct, converged]) {
      expect(allowed.result).toContain('Echo: ');
      expect(`${unasked.result}\n${unasked.output}`).toMatch(host.refusal);
    }
    expect(records.filter((record) => record['tool'] === 'get-sum')).toEqual([]);
  });

  test('what its own command adds is taken over at once, where it has one', (context) => {
    const { repairedMs } = tried(context);
    expect(repairedMs === undefined).toBe(host.add === undefined);
    // The promise is a second; a busy machine may take longer.
    expect(repairedMs ?? 0).toBeLessThan(10_000);
  });

  test('it calls its own server again once its config was given back', (context) => {
    const { restored, message } = tried(context);
    expect(restored.result ?? restored.output).toContain(`Echo: ${message}`);
  });

  test('it asks nothing of the world beyond loopback, and ends by itself', (context) => {
    const { direct, converged, list, added, restored } = tried(context);
    const talks = [...Object.values(direct), ...Object.values(converged), list, added, restored].filter(
      (one) => one !== undefined,
    );
    expect(talks.flatMap(({ outside }) => outside)).toEqual([]);
    expect(talks.filter(({ isTimedOut }) => isTimedOut)).toEqual([]);
  });

  return tried;
}
