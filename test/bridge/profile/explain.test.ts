// Why a setting is as it is: what `drawbridge profile explain` says of a value that nobody wrote.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explain, explainInWords } from '../../../bridge/profile/explain.ts';
import { readProfile } from '../../../bridge/profile/read.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-explain-'));
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

test('a value that stands in for one that is not valid is not shown as what the profile says', async () => {
  const file = join(dir, 'profile.json');
  const said = { GatewayURL: 'mcp.example.org', EnforcementMode: 'enforse', ScanIntervalMinutes: 5, EnforcementMod: 'observe' };
  await writeFile(file, JSON.stringify(said), { mode: 0o600 });
  const systemFile = join(dir, 'none.json');
  const reading = await readProfile({ platform: 'linux', uid: process.getuid?.() ?? -1, systemFile, file });

  const lines = explainInWords(reading).split('\n');
  const line = (name: string) => lines.find((text) => text.startsWith(`${name} = `));
  expect(line('EnforcementMode')).toBe('EnforcementMode = "enforce"   [--profile: not valid, this stands in for it]');
  expect(line('GatewayURL')).toBe('GatewayURL = (not set)   [not set: what the profile says is not valid]');
  expect(line('ScanIntervalMinutes')).toBe('ScanIntervalMinutes = 5   [--profile]');
  expect(explain(reading).flatMap(({ name, isInvalid }) => (isInvalid ? [name] : []))).toEqual(['GatewayURL', 'EnforcementMode']);
});
