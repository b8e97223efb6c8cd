// Files that no editor foresaw: each is reported, left as it is, and keeps no other host from being converged.
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

test.each([
  ['lists', vscode, `{"servers":{"a":{"command":"npx","x":${'['.repeat(6000)}${']'.repeat(6000)}}}}`],
  ['objects', claude, `{"mcpServers":${'{"a":'.repeat(6000)}1${'}'.repeat(6000)}}`],
  ['YAML flows', '.config/goose/config.yaml', `extensions: ${'['.repeat(6000)}${']'.repeat(6000)}\n`],
])('deeply nested %s are unparseable, and the other hosts are converged and restored', async (_, path, text) => {
  proves('host-config.others-go-on', {
    file: 'bridge/host/format.ts',
    find: 'if (error instanceof RangeError) return otherwise;',
    replace: '',
  });
  await place.write(path, text);
  const before = await place.sha256(codex);
  const found = await discover({ ...place.request, hosts });
  expect(found.flatMap(({ files }) => files).find(({ shownAs }) => shownAs === `~/${path}`)?.state).toBe('unparseable');
  expect(codesAt(await plan(place.request), path)).toEqual(['unparseable']);
  const report = await converge(place.request);
  expect(codesAt(report, path)).toEqual(['unparseable']);
  expect(report.files.filter(({ isWritten }) => isWritten).map(({ shownAs }) => shownAs)).toEqual([`~/${codex}`]);
  expect(await place.text(path)).toBe(text);
  await restore(place.request);
  expect(await place.sha256(codex)).toBe(before);
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
