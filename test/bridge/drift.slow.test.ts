// Drift, with the agent as its own process: how fast a direct server that somebody adds is taken out again, and when Drawbridge stops fighting over a file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import type { Deployment, Workstation } from '../walk/deployment.ts';
import { deploy, until } from '../walk/deployment.ts';
import { walkPolicy } from '../walk/policy.ts';

let deployment: Deployment;
let workstation: Workstation;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ everything: { tools: 'all' } }) });
  workstation = await deployment.workstation({ user: 'ada', profile: { GatewaySlug: 'eng', EnforcementMode: 'enforce' } });
}, 60_000);
afterAll(() => deployment.close());

const at = (path: string): string => join(workstation.home, path);
const text = (path: string): Promise<string> => readFile(at(path), 'utf8').catch(() => '');
async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
}
const cursor = '.cursor/mcp.json';
const goose = '.config/goose/config.yaml';
const codex = '.codex/config.toml';
const remote = (name: string): string => JSON.stringify({ mcpServers: { [name]: { url: 'https://direct.example.com/mcp' } } });
const isClean = async (path: string): Promise<boolean> => {
  const now = await text(path);
  return now !== '' && !now.includes('direct.example.com');
};
const status = async () => {
  const done = await workstation.cli('status', '--json');
  return z
    .looseObject({ findings: z.array(z.looseObject({ code: z.string(), path: z.string().optional() })) })
    .parse(JSON.parse(done.stdout));
};

test('a host that runs since before its file was changed is shown as such, until that process is gone', async () => {
  const program = at('bin/codex');
  await mkdir(at('bin'), { recursive: true });
  await copyFile('/bin/sleep', program);
  const old = spawn(program, ['600'], { env: { HOME: workstation.home }, stdio: 'ignore' });
  await once(old, 'spawn');
  const codes = async () => (await status()).findings.map(({ code }) => code);
  try {
    await write(codex, 'model = "m"\n[mcp_servers.restart]\nurl = "https://direct.example.com/mcp"\n');
    await until('the restart to be asked for', async () => (await codes()).includes('needs_restart'));
    const listed = await workstation.cli('hosts', 'list', '--home', workstation.home, '--profile', workstation.profileFile);
    expect(listed.stdout).toMatch(/Codex +\w+, needs a restart/);
  } finally {
    old.kill('SIGKILL');
    await once(old, 'exit');
  }
  await until('that to end', async () => !(await codes()).includes('needs_restart'));
}, 60_000);

describe('a direct server that somebody adds', () => {
  test('is taken out within a second, whatever the format of the file', async () => {
    proves('host-config.fast-repair', {
      file: 'bridge/config-watch.ts',
      find: 'if (!isClosed && (await hasDrifted())) deps.onDrift();',
      replace: 'if (!isClosed && (await hasDrifted())) setTimeout(deps.onDrift, 20_000);',
    });
    const took: number[] = [];
    for (let round = 0; round < 34; round++)
      for (const [path, content] of [
        [cursor, remote(`r${round}`)],
        [goose, `extensions:\n  r${round}:\n    type: streamable_http\n    uri: https://direct.example.com/mcp\n`],
        [codex, `model = "m"\n[mcp_servers.r${round}]\nurl = "https://direct.example.com/mcp"\n`],
      ] as const) {
        await write(path, content);
        const begun = performance.now();
        await until('the entry to be taken out', () => isClean(path), 15_000);
        took.push(performance.now() - begun);
      }
    took.sort((a, b) => a - b);
    const [p50 = 0, p99 = 0] = [0.5, 0.99].map((part) => took[Math.ceil(took.length * part) - 1]);
    process.stdout.write(
      `drift repaired: ${took.length} edits, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, slowest ${(took.at(-1) ?? 0).toFixed(0)} ms\n`,
    );
    expect(p99).toBeLessThan(1_000);
  }, 120_000);

  test('is taken out of a file in a folder that appears only now', async () => {
    await write('.gemini/settings.json', remote('late'));
    await until('the entry to be taken out', () => isClean('.gemini/settings.json'));
    await rm(at('.gemini'), { recursive: true });
    await write('.gemini/settings.json', remote('later'));
    await until('the entry to be taken out again', () => isClean('.gemini/settings.json'));
  });

  test('is taken out of a file that is exchanged by a rename, and of a profile that is new', async () => {
    await write('.cursor/mcp.json.new', remote('renamed'));
    await rename(at('.cursor/mcp.json.new'), at(cursor));
    await until('the entry to be taken out', () => isClean(cursor));
    const profile = '.config/Code/User/profiles/-7a/mcp.json';
    await write(profile, '{"servers": {"new": {"url": "https://direct.example.com/mcp"}}}');
    await until('the entry to be taken out of the new profile', () => isClean(profile));
  });

  test('is taken out of a file that is written slowly, and nothing of the rest is lost', async () => {
    const whole = `${remote('slow').slice(0, -1)}, "rest": "${'x'.repeat(40)}"}`;
    for (let end = 10; end < whole.length; end += 10) {
      await write(cursor, whole.slice(0, end));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await write(cursor, whole);
    await until('the entry to be taken out', () => isClean(cursor));
    expect(JSON.parse(await text(cursor))).toEqual({ mcpServers: {}, rest: 'x'.repeat(40) });
  });
});

test('a file that is undone again and again is given up, reported, and taken up again when a person asks', async () => {
  proves('host-config.asked-again', {
    file: 'bridge/host/converge.ts',
    find: 'request.isAsked === true ? []',
    replace: 'request.isAsked === true && request.home === "" ? []',
  });
  const path = '.config/Claude/claude_desktop_config.json';
  const before = remote('fought');
  for (let round = 0; round < 4; round++) {
    await write(path, before);
    await until('the entry to be taken out', () => isClean(path));
  }
  await write(path, before);
  const findings = await until('the fight to be reported', async () => {
    const now = (await status()).findings.filter(({ code }) => code === 'rewrite_contended');
    return now.length > 0 && now;
  });
  expect(findings).toMatchObject([{ path: `~/${path}` }]);
  expect(await text(path)).toBe(before);
  // others go on being repaired
  await write(cursor, remote('other'));
  await until('another file to be repaired', () => isClean(cursor));
  const asked = await workstation.cli('hosts', 'converge', '--home', workstation.home, '--profile', workstation.profileFile);
  expect(asked.code, asked.stderr).toBe(0);
  expect(await isClean(path)).toBe(true);
  await until('the report to end', async () => !(await status()).findings.some(({ code }) => code === 'rewrite_contended'));
  await write(path, before);
  await until('the entry to be taken out once more', () => isClean(path));
}, 60_000);
