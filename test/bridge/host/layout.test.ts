// The forms of our entries: URLs of the gateway where a host can sign in, one URL for all where IT wants that, the shim elsewhere; the ways between them, and back.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { Slug } from '#contract/id.ts';
import { hosts } from '#contract/host-table.ts';
import { converge } from '../../../bridge/host/converge.ts';
import type { Layout } from '../../../bridge/host/layout.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { discover, plan } from '../../../bridge/host/plan.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import {
  asWindows,
  claude,
  codes,
  codex,
  configs,
  fileOf,
  makePlace,
  paths,
  plantedSecret,
  vscode,
  writeAll,
} from './fixture.ts';
import { all, cases, gateway, url } from './layout-sample.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const layout = (of: Partial<Layout> = {}): Layout => ({ entries: 'preserve', shimHosts: [], hostsSignIn: true, ...of });
const preserve = layout();
const single = layout({ entries: 'single' });
const shim = layout({ shimHosts: '*' });
const unknown = layout({ hostsSignIn: undefined });
const convergeAs = (of: Layout, change: object = {}) => converge({ ...place.request, ...change, layout: of });
describe.each(cases)('the config of $host', ({ path, ...texts }) => {
  test('gets one URL for each server under its name; what its user allowed and every other setting stays', async () => {
    await place.write(path, texts.before);
    await convergeAs(preserve);
    expect(await place.text(path)).toBe(texts.preserve);
  });

  test('gets one URL for all where IT wants that', async () => {
    await place.write(path, texts.before);
    await convergeAs(single);
    expect(await place.text(path)).toBe(texts.single);
  });

  test('is the same in each layout whichever was there before, in one go, and comes back byte for byte from each', async () => {
    proves('host-config.layout-change', {
      file: 'bridge/host/draft.ts',
      find: 'if (known === undefined || others.length === 0 || kept === undefined) return asItStands;',
      replace: 'if (known === undefined || kept === undefined || others.length > -1) return asItStands;',
    });
    const forms = { shim, preserve, single };
    const wanted: Record<string, string> = { preserve: texts.preserve, single: texts.single };
    await place.write(path, texts.before);
    await convergeAs(shim);
    wanted['shim'] = await place.text(path);
    let before = 'shim';
    for (const next of ['preserve', 'single', 'shim', 'single', 'preserve', 'shim'] as const) {
      const report = await convergeAs(forms[next]);
      expect(await place.text(path), `${before} to ${next}`).toBe(wanted[next]);
      expect(report.findings.map(({ code }) => code).filter((code) => code !== 'direct_stdio')).toEqual([]);
      const again = await convergeAs(forms[next]);
      expect(again.files.filter(({ isWritten }) => isWritten)).toEqual([]);
      expect((await plan({ ...place.request, layout: forms[next] })).files.flatMap(({ moves }) => moves)).toEqual([]);
      expect(await localServers(place.request)).toHaveLength(path === '.claude.json' ? 2 : 1);
      before = next;
    }
    for (const of of [preserve, single]) {
      await convergeAs(of);
      const given = await restore(place.request);
      expect(given.files.map(({ result }) => result)).toEqual(['exact']);
      expect(await place.text(path)).toBe(texts.before);
    }
  });
});

describe('a URL', () => {
  test.each([
    ['a host that only looks like it', 'https://mcp.example.org.evil.example/g/eng/s/files/mcp'],
    ['a user name before another host', 'https://mcp.example.org@evil.example/g/eng/s/files/mcp'],
    ['a user name', 'https://ada@mcp.example.org/g/eng/s/files/mcp'],
    ['another port', 'https://mcp.example.org:8443/g/eng/s/files/mcp'],
    ['the usual port, written out', 'https://mcp.example.org:443/g/eng/s/files/mcp'],
    ['http', 'http://mcp.example.org/g/eng/s/files/mcp'],
    ['another gateway of the same server', 'https://mcp.example.org/g/ops/s/files/mcp'],
    ['another path', 'https://mcp.example.org/g/eng/s/files/mcp/more'],
    ['a path that leads out', 'https://mcp.example.org/g/eng/s/../../../other/mcp'],
    ['a backslash', 'https://mcp.example.org\\@evil.example/g/eng/mcp'],
    ['a query', `${gateway}/mcp?gateway=ops`],
    ['a fragment', `${gateway}/mcp#x`],
    ['capitals', 'https://MCP.example.org/g/eng/mcp'],
    ['a blank', ` ${gateway}/mcp`],
  ])('with %s is not the gateway: it is taken out and told', async (_, lookalike) => {
    proves('host-config.exact-address', {
      file: 'bridge/host/shape.ts',
      find: 'return url === addressAt(ours, server) &&',
      replace: 'return URL.parse(url)?.origin === ours.gatewayOrigin &&',
    });
    const text = JSON.stringify({ mcpServers: { files: { url: lookalike } } });
    for (const of of [preserve, single, shim]) {
      await place.write('.cursor/mcp.json', text);
      const found = await discover({ ...place.request, ours: { ...place.request, layout: of } });
      expect(codes(found.flatMap(({ files }) => files).flatMap(({ findings }) => findings))).toEqual(['direct_remote files']);
      const report = await convergeAs(of, { isAsked: true });
      expect(codes(report.findings)).toEqual(['direct_remote files']);
      expect(await place.text('.cursor/mcp.json')).not.toContain('"files"');
      await restore(place.request);
    }
  });

  test('of the gateway that the user wrote is left alone, alone or with another setting', async () => {
    const text = JSON.stringify({ mcpServers: { mine: { url: all }, files: { url: url('files'), disabled: true } } });
    for (const of of [preserve, shim, unknown]) {
      await place.write('.cursor/mcp.json', text);
      const report = await convergeAs(of);
      expect([report.findings, report.files.filter(({ isWritten }) => isWritten)]).toEqual([[], []]);
      expect(await place.text('.cursor/mcp.json')).toBe(text);
    }
    const found = await discover({ ...place.request, ours: place.request });
    const file = found.flatMap(({ files }) => files).find(({ host }) => host === 'cursor');
    expect(file?.servers.map(({ kind }) => kind)).toEqual(['gateway', 'gateway']);
    expect(file?.state).toBe('compliant');
  });

  test('of the gateway does not hide another one, nor a program, that stands beside it', async () => {
    proves('host-config.nothing-beside', {
      file: 'bridge/host/shape.ts',
      find: 'const line = saysRemote && !isOfGateway(url, ours) ? undefined : started;',
      replace: 'const line = saysRemote ? undefined : started;',
    });
    await place.write(
      '.gemini/settings.json',
      JSON.stringify({ mcpServers: { both: { httpUrl: url('both'), url: 'https://evil.example/sse' } } }),
    );
    await place.write(
      '.cursor/mcp.json',
      JSON.stringify({ mcpServers: { both: { type: 'http', url: url('both'), command: 'sh' } } }),
    );
    const report = await convergeAs(preserve);
    expect(codes(report.findings)).toEqual(['direct_remote both']);
    expect(JSON.parse(await place.text('.cursor/mcp.json'))).toEqual({ mcpServers: { both: { url: url('both') } } });
    expect((await localServers(place.request)).map(({ line }) => line.command)).toEqual(['sh']);
    expect(JSON.parse(await place.text('.gemini/settings.json'))).toEqual({ mcpServers: {} });
  });
});

describe('an entry of ours', () => {
  const tampered = [
    ['leads to another gateway', { type: 'http', url: 'https://evil.example/g/eng/s/files/mcp' }],
    ['leads to another gateway of the same server', { type: 'http', url: 'https://mcp.example.org/g/ops/s/files/mcp' }],
    ['has a header', { type: 'http', url: url('files'), headers: { Authorization: 'Bearer x' } }],
    [
      'names another place to sign in at',
      { type: 'http', url: url('files'), oauth: { authServerMetadataUrl: 'https://evil.example' } },
    ],
    ['is spoken to in another way', { type: 'sse', url: url('files') }],
  ] as const;
  test.each(tampered)('that %s is set right and told', async (_, entry) => {
    proves('host-config.url-tamper', {
      file: 'bridge/host/look.ts',
      find: 'return { ...base, written: set, action: actionOf(set), findings: isOurs ? [] : [tampered] };',
      replace: 'return { ...base, written: before };',
    });
    await place.write('.claude.json', JSON.stringify({ mcpServers: { files: { command: 'npx', args: ['files'] } } }));
    await convergeAs(preserve);
    const good = await place.text('.claude.json');
    await place.write('.claude.json', JSON.stringify({ mcpServers: { files: entry } }));
    const report = await convergeAs(preserve);
    expect(codes(report.findings)).toEqual(['gateway_entry_tamper files']);
    expect(JSON.parse(await place.text('.claude.json'))).toEqual(JSON.parse(good));
    expect(await localServers(place.request)).toHaveLength(1);
  });

  test('that stands for all is put in again where somebody takes it out or bends it, and the fight over it ends', async () => {
    await place.write('.cursor/mcp.json', JSON.stringify({ mcpServers: { files: { command: 'npx', args: ['files'] } } }));
    await convergeAs(single);
    const good = JSON.parse(await place.text('.cursor/mcp.json'));
    expect(good).toEqual({ mcpServers: { drawbridge: { url: all } } });
    await place.write('.cursor/mcp.json', JSON.stringify({ mcpServers: { drawbridge: { url: 'https://evil.example/mcp' } } }));
    expect(codes((await convergeAs(single)).findings)).toEqual(['gateway_entry_tamper drawbridge']);
    expect(JSON.parse(await place.text('.cursor/mcp.json'))).toEqual(good);
    for (let round = 0; round < 2; round++) {
      await place.write('.cursor/mcp.json', '{}');
      await convergeAs(single);
      expect(JSON.parse(await place.text('.cursor/mcp.json'))).toEqual(good);
    }
    await place.write('.cursor/mcp.json', '{}');
    expect(codes((await convergeAs(single)).findings)).toEqual(['rewrite_contended']);
    expect(await place.text('.cursor/mcp.json')).toBe('{}');
    expect(await localServers(place.request)).toHaveLength(1);
  });

  test('follows where the gateway is another now, without a word', async () => {
    await writeAll(place);
    for (const of of [preserve, single]) {
      await convergeAs(of);
      const report = await convergeAs(of, { gateway: Slug.parse('ops'), gatewayOrigin: 'https://other.example.org' });
      expect(codes(report.findings)).toEqual(['needs_input asks']);
      for (const path of [vscode, codex]) {
        expect(await place.text(path)).toContain('https://other.example.org/g/ops/');
        expect(await place.text(path)).not.toContain('mcp.example.org/g/eng');
      }
      expect((await convergeAs(of)).findings.map(({ code }) => code)).toEqual(['needs_input']);
    }
  });

  test('stays what it is while nobody knows whether hosts can sign in, and a new program starts the shim', async () => {
    proves('host-config.as-it-is', {
      file: 'bridge/host/layout.ts',
      find: "if (layout.hostsSignIn === undefined) return 'as_is';",
      replace: '',
    });
    await writeAll(place);
    for (const of of [preserve, single, shim]) {
      await convergeAs(of);
      const texts = await Promise.all(paths.map((path) => place.text(path)));
      const report = await convergeAs(unknown);
      expect(report.files.filter(({ isWritten }) => isWritten)).toEqual([]);
      expect(await Promise.all(paths.map((path) => place.text(path)))).toEqual(texts);
    }
    await place.write('.cursor/mcp.json', JSON.stringify({ mcpServers: { files: { command: 'npx', args: ['files'] } } }));
    await convergeAs(unknown);
    expect(await place.text('.cursor/mcp.json')).toContain('"connect"');
  });

  test('is known for ours while it is not known what it should say', async () => {
    await writeAll(place);
    await convergeAs(preserve);
    const found = (await discover(place.request)).flatMap(({ files }) => files).filter(({ host }) => host === 'codex');
    expect(found.flatMap(({ findings }) => findings)).toEqual([]);
  });
});

describe('a workstation with URLs', () => {
  test('holds no token, no header and no program of the user, and hosts that can not sign in keep the shim', async () => {
    proves('host-config.url-form', {
      file: 'bridge/host/layout.ts',
      find: "return layout.entries === 'single' ? 'gathered' : 'url';",
      replace: "return 'shim';",
    });
    for (const of of [preserve, single]) {
      await writeAll(place);
      await convergeAs(of);
      for (const path of [vscode, codex]) {
        const text = await place.text(path);
        expect(text).toContain(gateway);
        expect(text).not.toMatch(/connect|headers|Authorization|Bearer|uvx/);
      }
      expect(parseToml(await place.text(codex))['mcp_servers']).toMatchObject(
        of === single
          ? { drawbridge: { url: all } }
          : {
              filesystem: { url: url('filesystem'), startup_timeout_sec: 20 },
              'My Tracker': { url: url('my-tracker'), enabled: false },
            },
      );
      expect(Object.keys(parseJsonc(await place.text(vscode)).servers)).toEqual(
        of === single ? ['asks', 'drawbridge'] : ['filesystem', 'My Tracker', 'asks'],
      );
      expect(
        Object.values(JSON.parse(await place.text(claude)).mcpServers).every((entry) =>
          JSON.stringify(entry).includes('connect'),
        ),
      ).toBe(true);
      expect(await place.state()).not.toContain(plantedSecret);
      expect((await restore(place.request)).files.map(({ result }) => result)).toEqual(['exact', 'exact', 'exact']);
    }
  });

  test('starts the shim for a host that IT names, for all, and where the gateway lets no host sign in', async () => {
    proves('host-config.shim-hosts', {
      file: 'bridge/host/layout.ts',
      find: "if (layout.shimHosts === '*' || layout.shimHosts.includes(spec.id)) return 'shim';",
      replace: '',
    });
    await writeAll(place);
    await convergeAs(layout({ shimHosts: ['codex'] }));
    expect(await place.text(codex)).toContain('"connect"');
    expect(await place.text(vscode)).not.toContain('"connect"');
    for (const of of [shim, layout({ hostsSignIn: false }), layout({ hostsSignIn: false, entries: 'single' })]) {
      await convergeAs(preserve);
      await convergeAs(of);
      for (const path of [codex, vscode]) expect(await place.text(path)).toContain('"connect"');
    }
  });

  test.each([
    ['preserve', preserve],
    ['single', single],
  ])('gives back what it took where others changed the file since (%s)', async (_, of) => {
    await writeAll(place, asWindows);
    await convergeAs(of);
    const added = (await place.text(codex)).replace('notifications = true', 'notifications = false');
    await place.write(codex, added);
    await convergeAs(of);
    const report = await restore(place.request);
    expect(fileOf({ files: report.files.map((file) => ({ ...file, state: '' })) }, 'codex').result).toBe('merged');
    const was = parseToml((configs[codex] ?? '').replace('notifications = true', 'notifications = false'));
    const { web: _web, ...servers } = was['mcp_servers'] as Record<string, unknown>;
    expect(parseToml((await place.text(codex)).slice(1))).toEqual({ ...was, mcp_servers: { ...servers, web: _web } });
  });

  test('has its own place for the one entry where a server has its name', async () => {
    await place.write('.cursor/mcp.json', JSON.stringify({ mcpServers: { drawbridge: { command: 'npx', args: ['mine'] } } }));
    await convergeAs(single);
    expect(JSON.parse(await place.text('.cursor/mcp.json'))).toEqual({ mcpServers: { 'drawbridge-2': { url: all } } });
    await convergeAs(preserve);
    expect(JSON.parse(await place.text('.cursor/mcp.json'))).toEqual({ mcpServers: { drawbridge: { url: url('drawbridge') } } });
  });

  test('names the gateway once also in a config without any server, and takes that out again', async () => {
    for (const [path, text] of [
      ['.cursor/mcp.json', '{}'],
      ['.gemini/settings.json', '{ "ui": { "theme": "dark" } }\n'],
      [codex, 'model = "gpt-5"'],
      ['.config/goose/config.yaml', 'GOOSE_PROVIDER: openai\n'],
    ] as const) {
      await place.write(path, text);
      await convergeAs(single);
      expect(await place.text(path)).toContain(all);
      await convergeAs(preserve);
      expect(await place.text(path)).not.toContain(gateway);
      await restore(place.request);
      expect(await place.text(path)).toBe(text);
    }
  });
});

test('every host that signs in says how its URL entry is spelled, with a field that it reads', () => {
  for (const { id, remote } of hosts) if (remote.own) expect(remote.urls, id).toContain(remote.own.url);
  expect(hosts.filter(({ remote }) => remote.own === undefined).map(({ id }) => id)).toEqual(['claude-desktop']);
});
