// Settings of `serve`: what is unsafe or not understood is refused with the flag's name and what to do.
import { describe, expect, test } from 'vitest';
import { inspect } from 'node:util';
import { locationOf, parseDataSettings, parseServeSettings } from '../../gateway/settings.ts';
import { proves } from '../requirement.ts';

const around = { env: { HOME: '/home/ada' }, platform: 'linux', isRoot: false } as const;
const parse = (flags: object, env: Record<string, string> = {}) =>
  parseServeSettings(flags, { ...around, env: { ...around.env, ...env } });
const refusal = (flags: object, env?: Record<string, string>): string => {
  try {
    parse(flags, env);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
};

describe('the settings of serve', () => {
  test('have safe defaults', () => {
    expect(parse({})).toMatchObject({
      dataDir: '/home/ada/.local/share/drawbridge-gateway',
      database: { kind: 'sqlite', file: '/home/ada/.local/share/drawbridge-gateway/gateway.sqlite' },
      listen: { host: '127.0.0.1', port: 7070 },
      metricsListen: { host: '127.0.0.1', port: 7071 },
      audit: 'durable',
      messageLimitBytes: 8_388_608,
      publicOrigin: undefined,
      certificateFiles: undefined,
    });
  });

  test('refuse plain http on a network', () => {
    proves('gateway-shell.plaintext-refused', {
      file: 'gateway/settings.ts',
      find: 'if (isOpen && !certificateFiles && trustedProxy.length === 0)',
      replace: 'if (isOpen && !certificateFiles && trustedProxy.length > 99)',
    });
    for (const listen of ['0.0.0.0:7070', '[::]:7070', '192.0.2.1:80', 'gateway.example.org:80', '127.example.org:80'])
      expect(refusal({ listen, publicUrl: 'https://mcp.example.org' })).toMatch(
        /^The setting --listen is not valid: plain http is served on loopback only\. Give --tls-cert/,
      );
  });

  test('accept a network address with TLS files or behind a named proxy, and then need the public name', () => {
    const tls = { tlsCert: 'c.pem', tlsKey: 'k.pem' };
    expect(parse({ listen: '192.0.2.1:443', ...tls }).publicOrigin).toBeUndefined();
    expect(refusal({ listen: '0.0.0.0:443', ...tls })).toContain('--public-url');
    expect(refusal({ listen: '10.0.0.1:80', trustedProxy: ['10.0.0.2'] })).toContain('--public-url');
    expect(parse({ listen: '10.0.0.1:80', trustedProxy: ['10.0.0.2'], publicUrl: 'https://mcp.example.org' }).publicOrigin).toBe(
      'https://mcp.example.org',
    );
  });

  test.each([
    [{ listen: '7070' }, '--listen', 'write HOST:PORT'],
    [{ listen: '127.0.0.1:70700' }, '--listen', 'write HOST:PORT'],
    [{ listen: ':7070' }, '--listen', 'write HOST:PORT'],
    [{ metricsListen: '0.0.0.0:7071' }, '--metrics-listen', 'loopback only'],
    [{ publicUrl: 'http://mcp.example.org' }, '--public-url', 'https origin'],
    [{ publicUrl: 'https://mcp.example.org/path' }, '--public-url', 'https origin'],
    [{ publicUrl: 'https://user@mcp.example.org' }, '--public-url', 'https origin'],
    [{ allowOrigin: ['*'] }, '--allow-origin', 'https origin'],
    [{ tlsCert: 'c.pem' }, '--tls-key', 'is needed with --tls-cert'],
    [{ tlsKey: 'k.pem' }, '--tls-cert', 'is needed with --tls-key'],
    [{ trustedProxy: ['10.0.0.0/33'] }, '--trusted-proxy', '10.0.0.0/24'],
    [{ trustedProxy: ['proxy.example.org'] }, '--trusted-proxy', 'an IP address or a network'],
    [{ audit: 'sometimes' }, '--audit', 'durable or batched'],
    [{ messageLimitBytes: '10' }, '--message-limit-bytes', 'at least 65536'],
    [{ messageLimitBytes: '8MB' }, '--message-limit-bytes', 'a number of bytes'],
    [{ data: '' }, '--data', 'name a directory'],
    [{ verbose: true }, '--verbose', 'nrecognized'],
  ])('refuse %j', (flags, setting, reason) => {
    expect(refusal(flags)).toContain(`The setting ${setting} is not valid: `);
    expect(refusal(flags)).toContain(reason);
  });

  test('serve metrics on the next port, or on any where the main one is any', () => {
    expect(parse({ listen: '127.0.0.1:9000' }).metricsListen.port).toBe(9001);
    expect(parse({ listen: '127.0.0.1:0' }).metricsListen.port).toBe(0);
    expect(parse({ metricsListen: '[::1]:0' }).metricsListen).toEqual({ host: '::1', port: 0 });
  });

  test('take the database address from the environment only, and never show its password', () => {
    const url = 'postgres://gateway:hunter2@db.example.org/drawbridge';
    const settings = parse({}, { DRAWBRIDGE_DATABASE_URL: url });
    expect(inspect(settings, { depth: 9 }) + JSON.stringify(settings)).not.toContain('hunter2');
    expect(locationOf(settings)).toEqual({ kind: 'postgres', url });
    const refused = refusal({}, { DRAWBRIDGE_DATABASE_URL: 'mysql://gateway:hunter2@db.example.org/drawbridge' });
    expect(refused).toContain('DRAWBRIDGE_DATABASE_URL');
    expect(refused).not.toContain('hunter2');
  });

  test.each([
    [{ STATE_DIRECTORY: '/var/lib/drawbridge' }, 'linux', true, '/var/lib/drawbridge'],
    [{ HOME: '/root' }, 'linux', true, '/var/lib/drawbridge-gateway'],
    [{ HOME: '/home/ada', XDG_DATA_HOME: '/data' }, 'linux', false, '/data/drawbridge-gateway'],
    [{ HOME: '/Users/ada' }, 'darwin', false, '/Users/ada/Library/Application Support/Drawbridge Gateway'],
  ] as const)('with the environment %j on %s (root: %s) keep the data in %4$s', (env, platform, isRoot, dataDir) => {
    expect(parseDataSettings({}, { env, platform, isRoot }).dataDir).toBe(dataDir);
  });
});
