// JSON nested deeper than anybody means, at the doors that are no MCP: refused in their own words, and never a failure of ours.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { readJson } from '../../../gateway/http/json.ts';
import { proves } from '../../requirement.ts';
import { type Directory, openDirectory } from './scim/client.ts';

let directory: Directory;
let token: string;
beforeAll(async () => {
  directory = await openDirectory(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin' } },
      gateways: { main: { rules: [{ name: 'pii', method: 'pii', action: 'redact' }] } },
    }),
  );
  token = await directory.stage.token('ada');
});
afterAll(() => directory.stage.close());

const arrays = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const depths = [30_000, 3_000, 200];

async function admin(method: string, path: string, body: string): Promise<readonly [number, unknown]> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const response = await directory.stage.ask(`/api/v1${path}`, { method, headers, body });
  const said: { error?: { code: string }; outcome?: string } = JSON.parse(await response.text());
  return [response.status, said.error?.code ?? said.outcome];
}

test('a body that is nested too deep is refused as the mistake of whoever sent it, wherever it goes', async () => {
  proves('admin.nested', {
    file: 'gateway/http/json.ts',
    find: 'if (isDeeperThan(levelsAtMost, bytes))',
    replace: 'if (isDeeperThan(levelsAtMost * 1e6, bytes))',
  });
  for (const levels of depths)
    for (const value of [arrays(levels), objects(levels)]) {
      for (const [method, path, body] of [
        ['POST', '/Users', value],
        ['POST', '/Users', `{"userName":"deep@example.org","urn:x":${value}}`],
        ['POST', '/Groups', `{"displayName":"deep","members":${value}}`],
        ['PATCH', '/Groups/none', `{"Operations":[{"op":"add","value":${value}}]}`],
      ] as const) {
        const refused = await directory.ask(method, path, body);
        expect([path, refused.status, refused.body['scimType']]).toEqual([path, 400, 'invalidSyntax']);
      }
      for (const [method, path, body] of [
        ['POST', '/teams', `{"slug":"deep","team":${value}}`],
        ['PUT', '/policy', `{"text":${value}}`],
        ['PUT', '/gateways/main/rules', `{"rules":${value}}`],
        ['POST', '/gateways/main/rules/test', value],
      ] as const)
        expect([path, ...(await admin(method, path, body))]).toEqual([path, 400, 'INVALID_REQUEST']);
    }
});

test('a million levels are refused within the time of any other body', async () => {
  expect(await admin('PUT', '/policy', `{"text":${arrays(1_000_000)}}`)).toEqual([400, 'INVALID_REQUEST']);
});

test('what is nested deep within a text of a body is refused too: a policy to apply, a sample to try', async () => {
  for (const value of [arrays(30_000), objects(3_000), '- '.repeat(20_000)]) {
    const text = JSON.stringify({ text: `version: 1\nusers: ${value}` });
    expect(await admin('PUT', '/policy', text)).toEqual([400, 'INPUT_INVALID']);
    const tried = await admin('POST', '/gateways/main/rules/test', JSON.stringify({ sample: value }));
    expect(tried).toEqual(value.startsWith('-') ? [200, 'passed'] : [400, 'INPUT_INVALID']);
  }
});

test('as deep as anybody means is read, also behind a byte order mark; what is no UTF-8 is not', () => {
  expect(readJson(Buffer.from(`\uFEFF${arrays(100)}`)).text).toBe(arrays(100));
  for (const deep of [arrays(129), objects(500_000)])
    expect(() => readJson(Buffer.from(deep))).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  for (const broken of [Buffer.from([0x22, 0xff, 0x22]), Buffer.from('['.repeat(100_000))])
    expect(() => readJson(broken)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
});
