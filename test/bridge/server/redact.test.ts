// What an approver and a log reader may see of a command and of its output.
import { describe, expect, test } from 'vitest';
import { createRing } from '../../../bridge/server/ring.ts';
import { createRedactor, redactArguments, redactText, secretsIn } from '../../../bridge/server/redact.ts';
import { proves } from '../../requirement.ts';

describe('an argument', () => {
  test.each([
    ['--token', 'abc', '[redacted]'],
    ['--api-key', 'abc', '[redacted]'],
    ['--db-password', 'abc', '[redacted]'],
  ])('after %s is hidden', (flag, value, shown) => {
    proves('local-server.redacted-arguments', {
      file: 'bridge/server/redact.ts',
      find: 'return isValue ? hidden :',
      replace: 'return isValue ? arg :',
    });
    expect(redactArguments([flag, value, 'next'])).toEqual([flag, shown, 'next']);
  });

  test.each([
    ['--token=abc', '--token=[redacted]'],
    ['--apiKey=abc', '--apiKey=[redacted]'],
    ['GITHUB_TOKEN=abc', 'GITHUB_TOKEN=[redacted]'],
    ['Authorization: Bearer abc', 'Authorization: [redacted]'],
    ['postgresql://me:pass@db.example/x', 'postgresql://[redacted]@db.example/x'],
    ['https://mcp.example/sse?apiKey=abc&v=2#x', 'https://mcp.example/sse?apiKey=[redacted]&v=[redacted]#x'],
    ['ghp_abcdefghijklmnopqrst1234', '[redacted]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '[redacted]'],
    ['Zk3jQ9vLx0Tq7RmB2nYw8HcD', '[redacted]'],
  ])('%s is shown as %s', (arg, shown) => {
    expect(redactArguments([arg])).toEqual([shown]);
    expect(secretsIn([arg])).toContain(arg);
  });

  test.each([
    '-y',
    '@modelcontextprotocol/server-everything@2026.8.31',
    '/home/someone/.cache/a1b2c3d4e5f6a7b8c9d0e1f2/data',
    '--allowed-directories=/home/someone',
    'https://mcp.example/sse',
    'ghcr.io/github/github-mcp-server',
    `image@sha256:${'0a1b2c3d'.repeat(8)}`,
    'stdio',
  ])('%s is shown as it is', (arg) => {
    expect(redactArguments([arg])).toEqual([arg]);
    expect(secretsIn([arg])).toEqual([]);
  });
});

describe('what a server says', () => {
  test("hides its entry's values in every form that they are printed in", () => {
    const value = 'p/ss "wörd"';
    const redact = createRedactor([value, 'ab', 'first line\nsecond line']);
    for (const form of [value, JSON.stringify(value), encodeURIComponent(value), Buffer.from(value).toString('base64')])
      expect(redact(`login with ${form}!`)).not.toMatch(/rd|ss|cC9zcyA/);
    expect(redact('ab: second line')).toBe('ab: [redacted]');
  });

  test('hides values of keys that look secret', () => {
    expect(redactText('{"password":"hunter2","user":"me"} api_key = k1 cookie: s=1')).not.toMatch(/hunter2|k1|s=1/);
    expect(redactText('{"password":"hunter2","user":"me"}')).toContain('"user":"me"');
  });

  test('is kept within bounds, without what a terminal would obey', () => {
    const ring = createRing((text) => text);
    for (let line = 0; line < 100_000; line++) ring.add(`line ${line}`);
    ring.add('\x1b[31mred\x1b[0m\x07');
    expect(ring.last(3)).toBe('line 99998 | line 99999 | red');
    expect(ring.last(1e9).length).toBeLessThanOrEqual(2000);
    expect(createRing((text) => text).last()).toBe('(none)');
  });

  test('takes no long time to redact, whatever it is', () => {
    const began = performance.now();
    for (const text of ['a', 'token', 'a-', '"', '=', 'token=', 'https://', 'x?a=', 'Bearer '])
      redactArguments([text.repeat(20_000)]);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
