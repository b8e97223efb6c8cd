// The official suites through the whole product, as `npm run conformance` runs them: what falls short is what is listed, and nothing else.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { root, run } from '../walk/program.ts';

test('the conformance suites say of the gateway what the list says', async () => {
  proves('protocol.conformance', {
    file: 'gateway/mcp/era.ts',
    find: "export const legacyVersions: readonly string[] = ['2025-11-25',",
    replace: "export const legacyVersions: readonly string[] = ['2025-11-24',",
  });
  const { code, stdout, stderr } = await run(join(root, 'test/conformance/main.ts'), [
    '--summary',
    '--only',
    '0.1.16,2025-11-25,2026-07-28',
  ]);
  expect(stdout + stderr).toMatch(/^conformance: .*all as listed\n$/);
  expect(code).toBe(0);
});

test('what the suite asks of clients of 2026-07-28 passes at servers of its own that the gateway calls', async () => {
  proves('protocol.conformance-upstream', {
    file: 'gateway/upstream/remote-session.ts',
    find: "if (method !== undefined) headers['mcp-method'] = encodeHeaderValue(method);",
    replace: '',
  });
  const { code, stdout, stderr } = await run(join(root, 'test/conformance/main.ts'), [
    '--summary',
    '--short',
    '--only',
    'client 2026-07-28',
  ]);
  expect(stdout + stderr).toMatch(/^conformance: .*all as listed\n$/);
  expect(code).toBe(0);
});

test('what the suite asks of authorization servers passes at the sign-in of the gateway server', async () => {
  proves('protocol.conformance-sign-in', {
    file: 'gateway/sign-in/provider.ts',
    find: "responseTypes: ['code'],",
    replace: "responseTypes: ['none'],",
  });
  const { code, stdout } = await run(join(root, 'test/conformance/main.ts'), ['--summary', '--only', 'authorization']);
  expect(stdout).toMatch(/^conformance: authorization: .*all as listed\n$/);
  expect(code).toBe(0);
});

test('a suite that is misspelled beside another is refused by name: what was not asked for by its name would look as if it passed', async () => {
  const { code, stderr } = await run(join(root, 'test/conformance/main.ts'), ['--only', '2025-11-25,authorisation']);
  expect(stderr).toMatch(/^no such suite: authorisation; there are 0\.1\.16, 2025-11-25, .*, authorization\n$/);
  expect(code).toBe(2);
});
