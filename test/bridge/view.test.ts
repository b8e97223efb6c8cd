// Which gateway the hosts are pointed at, and what a tunnel's state says to IT.
import { describe, expect, test } from 'vitest';
import type { AgentTunnel } from '../../contract/agent.ts';
import { mergeValues, parseValues } from '../../contract/profile-values.ts';
import { Slug } from '../../contract/id.ts';
import { gatewayOf, tunnelFindings } from '../../bridge/view.ts';
import { proves } from '../requirement.ts';
import { stateWith } from './state-fixture.ts';

const reading = (raw: Record<string, unknown>) => ({
  ...mergeValues([{ source: 'user', values: parseValues(raw, {}).values }]),
  findings: [],
  broken: new Set<never>(),
  layers: [],
});
const connected = (...gateways: string[]): AgentTunnel =>
  stateWith({ tunnel: { ...stateWith().tunnel, kind: 'connected', gateways } }).tunnel;
const offline: AgentTunnel = { kind: 'offline', since: 1, reason: 'reset', retryAtMs: 2 };

describe('the gateway of the hosts', () => {
  test.each([
    ['the only one that is granted', {}, connected('eng'), undefined, 'eng', 0],
    ['none where several are granted and the profile names none', {}, connected('eng', 'ops'), undefined, undefined, 1],
    ["the profile's where several are granted", { GatewaySlug: 'ops' }, connected('eng', 'ops'), undefined, 'ops', 0],
    ["none where the profile's is not granted", { GatewaySlug: 'hr' }, connected('eng'), undefined, undefined, 1],
    ['none where none is granted', {}, connected(), undefined, undefined, 1],
    ["the profile's while nobody can be asked", { GatewaySlug: 'ops' }, offline, undefined, 'ops', 0],
    ['the last one while nobody can be asked', {}, offline, 'eng', 'eng', 0],
    ['not known while nobody could be asked yet', {}, offline, undefined, undefined, 0],
  ])('is %s', (_, raw, tunnel, before, slug, findings) => {
    proves('agent.gateway-choice', {
      file: 'bridge/view.ts',
      find: "return others.length === 0 ? { slug: only, findings: [] } : choice(`these are granted: ${granted.join(', ')}`);",
      replace: 'return { slug: only, findings: [] };',
    });
    const chosen = gatewayOf(reading(raw), tunnel, before === undefined ? {} : { gateway: Slug.parse(before) });
    expect(chosen.slug).toBe(slug);
    expect(chosen.findings.map(({ code }) => code)).toEqual(findings === 0 ? [] : ['gateway_choice']);
  });
});

test('a first attempt is no finding; one that goes on after a failure is', () => {
  const connecting: AgentTunnel = { kind: 'connecting', since: 1 };
  expect(tunnelFindings(connecting, false)).toEqual([]);
  expect(tunnelFindings(connecting, true)).toMatchObject([{ code: 'tunnel_down' }]);
  expect(tunnelFindings(offline, true)).toMatchObject([{ code: 'tunnel_down', detail: 'reset' }]);
  expect(
    tunnelFindings({ kind: 'refused', since: 1, code: 'WORKSTATION_REVOKED', message: 'revoked', retryAtMs: null }, false),
  ).toMatchObject([{ code: 'tunnel_refused' }]);
  expect(tunnelFindings(connected('eng'), false)).toEqual([]);
});
