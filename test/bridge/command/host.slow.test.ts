// `drawbridge hosts converge` and `restore` by the command line, where not all of it can be done: what they say, how they end, and that they do it once it can.
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import { root, run } from '../../walk/program.ts';

const direct = '[mcp_servers.files]\ncommand = "npx"\n';
let place = '';
let config = '';
const drawbridge = async (...args: string[]) =>
  run(join(root, 'bridge/cli.ts'), [
    'hosts',
    ...args,
    ...['--state', join(place, 'state'), '--home', join(place, 'home'), '--profile', join(place, 'profile.json')],
  ]);
const text = () => readFile(config, 'utf8');

beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-hosts-'));
  config = join(place, 'home/.codex/config.toml');
  await mkdir(join(place, 'home/.codex'), { recursive: true });
  await writeFile(config, direct);
  const profile = { GatewayURL: 'http://127.0.0.1:9', GatewaySlug: 'eng' };
  await writeFile(join(place, 'profile.json'), JSON.stringify(profile), { mode: 0o600 });
});
afterEach(() => rm(place, { recursive: true, force: true }));

test(
  'converge and restore end with 1 where a config may not be written, and do it once it may',
  { timeout: 60_000 },
  async () => {
    proves('host-config.half-done', {
      file: 'bridge/command/host.ts',
      find: "state !== 'compliant' && state !== 'missing'",
      replace: "state === 'missing' && state !== 'missing'",
    });
    proves('host-config.half-done', {
      file: 'bridge/command/host.ts',
      find: "({ result }) => result === 'refused'",
      replace: "({ result }) => result === 'gone'",
    });
    await chmod(config, 0o444);
    const refused = await drawbridge('converge');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('"drawbridge hosts doctor" says why') });
    expect(refused.stdout).toMatch(/^Nothing was changed\.\n! direct_stdio .*\n! config_readonly ~\/.codex\/config.toml/);
    expect(await text()).toBe(direct);
    await chmod(config, 0o644);
    expect(await drawbridge('converge')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^~\/.codex\/config.toml was changed/),
    });
    const converged = await text();
    expect(converged).not.toBe(direct);

    await chmod(config, 0o444);
    const kept = await drawbridge('restore');
    expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be put back') });
    expect(kept.stdout).toContain('refused config_readonly: it may not be written');
    expect(await text()).toBe(converged);
    await chmod(config, 0o644);
    expect(await drawbridge('restore')).toMatchObject({ code: 0, stdout: expect.stringMatching(/config.toml +exact/) });
    expect(await text()).toBe(direct);
  },
);
