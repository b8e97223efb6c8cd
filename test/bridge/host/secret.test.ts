// What counts as a secret in a config, and that sealing it loses nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hosts } from '#contract/host-table.ts';
import { formatOf } from '../../../bridge/host/format.ts';
import { maskText, openText, sealText } from '../../../bridge/host/sealed-text.ts';
import { looksSecret, secretSpans } from '../../../bridge/host/secret.ts';
import { programOf } from '../../../bridge/host/shape.ts';
import { proves } from '../../requirement.ts';
import { sealerWith } from './fixture.ts';

const spec = (id: string) => {
  const found = hosts.find((host) => host.id === id);
  if (found === undefined) throw new Error(`no host ${id}`);
  return found;
};
const masked = (id: string, text: string): string => {
  const reading = formatOf(spec(id)).read(text, spec(id).keys);
  return maskText(text, secretSpans(text, spec(id), reading.ok ? reading.entries : []));
};

describe('a secret', () => {
  test.each([
    ['sk-ant-REDACTED'],
    ['ghp_16C7e42F292c6912E7710c838347Ae178B4a'],
    ['github_pat_11ABCDEFG0abcdefghij_klmnop'],
    ['AKIAIOSFODNN7EXAMPLE'],
    ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.abc'],
    ['--token=abc'],
    ['API_KEY=x'],
    ['npx -y some-server --token=abc123'],
    ['export DB_PASSWORD=hunter2; exec node server.js'],
    ['Server=db;Uid=sa;Pwd=hunter3;'],
    ['Authorization: Bearer abcdefgh12345'],
    ['https://ada:pa55@example.com/'],
    ['https://example.com/?api_key=hunter2&x=1'],
    ['f47ac10b58cc4372a5670e02b2c3d479'],
  ])('is seen by its looks: %s', (text) => {
    expect(looksSecret(text)).toBe(true);
  });

  test.each([
    ['@modelcontextprotocol/server-filesystem'],
    ['-y'],
    ['/home/ada/Documents/projects2026/client-work'],
    ['https://mcp.example.org/g/eng/s/filesystem/mcp'],
    ['--directory'],
    ['npx'],
    ['C:\\Users\\ada\\AppData\\Roaming'],
  ])('is not seen in what is none: %s', (text) => {
    expect(looksSecret(text)).toBe(false);
  });

  test('is every value of an environment or header map, in every format', () => {
    expect(
      masked(
        'claude-desktop',
        '{"mcpServers":{"a":{"command":"x","env":{"A":"1","B":2}},"b":{"url":"https://b","headers":{"X":"y"}}}}',
      ),
    ).toBe(
      '{"mcpServers":{"a":{"command":"x","env":{"A":"[secret]","B":[secret]}},"b":{"url":"https://b","headers":{"X":"[secret]"}}}}',
    );
    expect(
      masked('codex', '[mcp_servers.a]\ncommand = "x"\nenv = { A = \'1\', "b c" = """2""" }\n[mcp_servers.a.env2]\nA = 1\n'),
    ).toBe('[mcp_servers.a]\ncommand = "x"\nenv = { A = \'[secret]\', "b c" = "[secret]" }\n[mcp_servers.a.env2]\nA = 1\n');
    expect(masked('codex', '[mcp_servers.a.env]\nA = "1"\n[mcp_servers.b]\nhttp_headers.X = "y"\n')).toBe(
      '[mcp_servers.a.env]\nA = "[secret]"\n[mcp_servers.b]\nhttp_headers.X = "[secret]"\n',
    );
  });

  test('is the argument after a telling flag, and a comment that repeats a secret', () => {
    proves('host-config.secret-argument', {
      file: 'bridge/host/secret.ts',
      find: "if (listed.has(first) && typeof flag === 'string' && tellingFlag.test(flag)) return true;",
      replace: '',
    });
    expect(
      masked('vscode', '{"servers":{"a":{"command":"x","args":["--api-key","hunter22","--port","80"]}}} // was hunter22'),
    ).toBe('{"servers":{"a":{"command":"x","args":["--api-key","[secret]","--port","80"]}}} // was [secret]');
  });
});

describe('a sealed text', () => {
  test('opens to the same text, and says nothing of what was cut out', async () => {
    const sealer = await sealerWith();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.stringMatching(/^S[A-Za-z0-9]{12}$/)), { maxLength: 5 }),
        (parts) => {
          let text = '';
          const spans = parts.map(([plain, secret]) => {
            text += plain;
            text += secret;
            return { start: text.length - secret.length, end: text.length };
          });
          const sealed = sealText(text, spans, sealer);
          expect(openText(sealed, sealer)).toBe(text);
          for (const [, secret] of parts) expect(sealed.plain.join('\0').includes(secret)).toBe(false);
          expect(sealed.sealed === undefined).toBe(parts.length === 0);
        },
      ),
    );
  });
});

test.each([
  ['/usr/local/bin/tracker-mcp', 'tracker-mcp'],
  ['npx tracker --api-key planted-7Hq2', 'npx tracker'],
  ['C:\\Program Files\\Tracker\\tracker.exe', 'tracker.exe'],
  ['TRACKER_TOKEN=planted7Hq2 npx tracker', undefined],
  ['npx tracker ghp_planted7Hq2Zx81planted', undefined],
  ['/opt/ghp_planted7Hq2Zx81planted', undefined],
])('the program of %j is named in what everybody may read as %j', (command, name) => {
  expect(programOf(command)).toBe(name);
});
