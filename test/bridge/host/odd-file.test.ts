// Files that no editor foresaw: each is reported, left as it is, and keeps no other host from being converged.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hosts } from '#contract/host-table.ts';
import { converge } from '../../../bridge/host/converge.ts';
import { discover, plan } from '../../../bridge/host/plan.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { claude, codex, makePlace, vscode } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
  await place.write(codex, '[mcp_servers.a]\ncommand = "npx"\n');
});
afterEach(async () => {
  await place.close();
});

const codesAt = (
  report: { readonly files: readonly { shownAs: string; findings: readonly { code: string }[] }[] },
  path: string,
) => report.files.find(({ shownAs }) => shownAs === `~/${path}`)?.findings.map(({ code }) => code);

// Where the stack ends differs from reader to reader: one depth is read and not walked, another is not even read.
const nested = {
  lists: [vscode, (depth: number) => `{"servers":{"a":{"command":"npx","x":${'['.repeat(depth)}${']'.repeat(depth)}}}}`],
  objects: [claude, (depth: number) => `{"mcpServers":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`],
  'YAML flows': ['.config/goose/config.yaml', (depth: number) => `extensions: {a: ${'['.repeat(depth)}${']'.repeat(depth)}}\n`],
} as const;

test.each(Object.keys(nested) as (keyof typeof nested)[])(
  'deeply nested %s keep no other host from being looked at, converged and restored',
  { timeout: 60_000 },
  async (form) => {
    proves('host-config.others-go-on', {
      file: 'bridge/host/format.ts',
      find: 'if (error instanceof RangeError) return otherwise;',
      replace: '',
    });
    const [path, textOf] = nested[form];
    const before = await place.sha256(codex);
    for (const depth of [1200, 1500, 1800, 2200, 2600, 3000, 3600, 4400, 6000]) {
      await place.write(path, textOf(depth));
      const found = await discover({ ...place.request, hosts });
      expect(found.flatMap(({ files }) => files).find(({ shownAs }) => shownAs === `~/${codex}`)?.state, `${depth}`).toBe(
        'drifted',
      );
      await plan(place.request);
      const report = await converge(place.request);
      expect(report.files.filter(({ isWritten }) => isWritten).map(({ shownAs }) => shownAs)).toContain(`~/${codex}`);
      await restore(place.request);
      expect([await place.sha256(codex), await place.text(path)]).toEqual([before, textOf(depth)]);
    }
    expect(codesAt(await plan(place.request), path)).toEqual(['unparseable']);
  },
);

test(
  'a text of millions without a break keeps no other host from being looked at and converged',
  { timeout: 60_000 },
  async () => {
    proves('host-config.others-go-on', { file: 'bridge/host/secret.ts', find: '{24,4096}', replace: '{24,}' });
    // an image, as text: many runs of some length, or one that has no end
    const bytes = Buffer.concat(Array.from({ length: 165_000 }, (_, at) => createHash('sha256').update(`${at}`).digest()));
    for (const image of [bytes.toString('base64'), `https://x.example/?token=sk-${bytes.toString('base64url')}`]) {
      const text = JSON.stringify({ mcpServers: { b: { command: 'npx' } }, image });
      await place.write(claude, text);
      await discover({ ...place.request, hosts });
      const report = await converge(place.request);
      expect(report.files.filter(({ isWritten }) => isWritten).map(({ shownAs }) => shownAs)).toEqual([
        `~/${claude}`,
        `~/${codex}`,
      ]);
      await restore(place.request);
      expect(await place.text(claude)).toBe(text);
    }
  },
);

const many = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => one(at)).join(',');

test.each([
  ['.mcp.json', 'beginnings of variables', `{"mcpServers":{"a":{"command":"npx","args":["${'${'.repeat(500_000)}"]}}}`],
  ['.mcp.json', 'blanks in a command', `{"mcpServers":{"a":{"command":"${' '.repeat(1_000_000)}npx"}}}`],
  ['.mcp.json', 'servers', `{"mcpServers":{${many(30_000, (at) => `"s${at}":{"command":"npx"}`)}}}`],
  ['.mcp.json', 'projects', `{"projects":{${many(30_000, (at) => `"/p${at}":{"mcpServers":{}}`)}}}`],
  ['opencode.json', 'beginnings of variables', `{"mcp":{"a":{"command":["npx","${'{env:'.repeat(200_000)}"]}}}`],
  ['.codex/config.toml', 'servers', `mcp_servers = {${many(30_000, (at) => `s${at}={command="npx"}`)}}\n`],
])('%s of a cloned repository with a great many %s is looked at in no more time than its length takes', async (path, _, text) => {
  await place.write('.claude.json', JSON.stringify({ projects: { [join(place.home, 'cloned')]: {} } }));
  await place.write(`cloned/${path}`, text);
  const began = performance.now();
  const found = await discover({ ...place.request, hosts, projects: { roots: [], mode: 'report' } });
  expect(performance.now() - began).toBeLessThan(4_000);
  const file = found.flatMap(({ files }) => files).find(({ shownAs }) => shownAs === `~/cloned/${path}`);
  expect(file?.state).not.toBe('unsupported');
});

test("a file of a project that is larger than any person's is not read, and a user's own is", async () => {
  await place.write(
    '.claude.json',
    JSON.stringify({ projects: { [join(place.home, 'cloned')]: {} }, history: 'x'.repeat(1024 * 1024) }),
  );
  await place.write('cloned/.mcp.json', JSON.stringify({ mcpServers: {}, x: 'x'.repeat(1024 * 1024) }));
  const found = await discover({ ...place.request, hosts, projects: { roots: [], mode: 'report' } });
  const files = found.flatMap((host) => host.files).filter(({ host, state }) => host === 'claude-code' && state !== 'missing');
  expect(files.map(({ shownAs, state, findings }) => [shownAs, state, findings[0]?.detail])).toEqual([
    ['~/.claude.json', 'compliant', undefined],
    ['~/cloned/.mcp.json', 'unsupported', 'it is larger than 1 MiB'],
  ]);
});

test('a file that names more than a thousand servers is left as it is, and the finding says so', async () => {
  const text = `{"mcpServers":{${many(1_001, (at) => `"s${at}":{"command":"npx"}`)}}}`;
  await place.write(claude, text);
  const report = await converge(place.request);
  expect(report.findings.find(({ code }) => code === 'unparseable')?.detail).toContain('it names more than 1000 servers');
  expect(await place.text(claude)).toBe(text);
});

test('a socket in the place of a config is reported, and the other hosts are converged', async () => {
  const at = join(place.home, claude);
  await mkdir(dirname(at), { recursive: true });
  const server = createServer().listen(at);
  await once(server, 'listening');
  try {
    const report = await converge(place.request);
    expect(codesAt(report, claude)).toEqual(['config_unsupported']);
    expect(report.files.filter(({ isWritten }) => isWritten).map(({ shownAs }) => shownAs)).toEqual([`~/${codex}`]);
  } finally {
    server.close();
  }
});

test('a file whose backup can not be sealed is reported, and stays as it is', async () => {
  await place.write(claude, '{"mcpServers":{"b":{"command":"npx","env":{"TOKEN":"planted-9Lx3-Qw55-token"}}}}');
  const before = await place.sha256(claude);
  const sealer = {
    ...place.request.sealer,
    seal: () => {
      throw new Error('the secret store was locked meanwhile');
    },
  };
  const report = await converge({ ...place.request, sealer });
  expect(codesAt(report, claude)).toContain('edit_refused');
  expect(await place.sha256(claude)).toBe(before);
});
