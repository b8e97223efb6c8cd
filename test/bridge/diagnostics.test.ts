// The text for support: valid JSON whatever is taken out of it, and never longer than its bound.
import { expect, test } from 'vitest';
import { diagnosticsLimitBytes, diagnosticsText } from '../../bridge/diagnostics.ts';
import { nowMs, stateWith } from './state-fixture.ts';

const about = { secrets: [], runtime: { of: 'node 24' }, serverLogs: {}, log: [], now: nowMs };

test('it is JSON also where a secret holds what JSON is made of, and no form of the secret is in it', () => {
  const secret = 'a","b":{"c\\d\n';
  const text = diagnosticsText({
    ...about,
    state: stateWith({ home: `/home/${secret}`, stateDir: encodeURIComponent(secret) }),
    secrets: [secret],
    serverLogs: { [secret]: [secret, Buffer.from(secret).toString('base64')] },
    log: [JSON.stringify({ secret })],
  });
  expect(JSON.parse(text)).toMatchObject({ version: 1, state: { home: expect.stringContaining('[redacted]') } });
  for (const form of [JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    expect(text).not.toContain(form);
});

test('its oldest lines are left out where it would be too long, and the rest too where that is not enough', () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `${index} ${'x'.repeat(900)}`);
  const text = diagnosticsText({ ...about, state: stateWith(), serverLogs: { memory: lines }, log: lines });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(diagnosticsLimitBytes);
  expect(JSON.parse(text).log.at(-1)).toBe(lines.at(-1));
  const files = Array.from({ length: 3000 }, (_, index) => ({ code: 'unpinned', detail: `${index} ${'x'.repeat(400)}` }));
  const bare = diagnosticsText({ ...about, state: stateWith({ findings: files }), log: lines });
  expect(Buffer.byteLength(bare)).toBeLessThanOrEqual(diagnosticsLimitBytes);
  expect(JSON.parse(bare).state.findings).toHaveLength(100);
});
