// Audit records by the million, as a gateway server of some hundred people would have them: chained and sealed by the product's own functions, in groups as commits have them.
// The same for a seed, so that two runs compare.
import type { KeyObject } from 'node:crypto';
import { CallRecord } from '#contract/audit.ts';
import { extend, start, type Position } from '../../../gateway/audit/chain.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { createTexts } from '../../../gateway/audit/text.ts';
import type { Store } from '../../../gateway/store/store.ts';

const users = 300;
const tools = ['create_issue', 'search_code', 'read_file', 'query', 'send_message', 'list_events', 'get_page', 'run_report'];
const servers = ['github', 'files', 'database', 'chat', 'calendar', 'wiki', 'crm', 'reports'];
const codes = ['TOOL_NOT_PROVISIONED', 'GATEWAY_NOT_GRANTED', 'TUNNEL_LOST'] as const;

/** Writes that many records to the chain `main`, and its head. A record a second, the last one at `until`. */
export async function fill(of: {
  readonly store: Pick<Store, 'appendRecords'>;
  readonly key: KeyObject;
  readonly headFile: string;
  readonly records: number;
  /** Records of one commit. */
  readonly groupRecords: number;
  readonly until: number;
}): Promise<void> {
  const textOf = createTexts();
  let at: Position = start('main');
  while (at.seq < of.records) {
    const size = Math.min(of.groupRecords, of.records - at.seq);
    const entries = Array.from({ length: size }, (_, i) => {
      const call = callOf(at.seq + i, of.until - (of.records - at.seq - i) * 1000);
      return { at: call.at, body: textOf(call) };
    });
    const { records, seal } = extend(of.key, at, entries);
    await of.store.appendRecords(records, seal);
    at = seal;
  }
  replaceHeads(of.headFile, of.key, [at]);
}

/** Every figure comes from the number alone. */
export function callOf(number: number, at: number): CallRecord {
  const pick = (salt: number, count: number) => Math.floor(fraction(number * 31 + salt) * count);
  const [user, server] = [pick(1, users), pick(2, servers.length)];
  const refused = pick(3, 100) < 2;
  return CallRecord.parse({
    version: 1,
    kind: 'call',
    id: idOf(number, at),
    at,
    era: 'modern',
    via: 'http',
    method: 'tools/call',
    user: { id: idOf(user, 0), name: `person-${user}` },
    host: ['claude-code', 'cursor', 'codex'][pick(4, 3)],
    token: idOf(user, 1),
    gateway: { id: idOf(pick(5, 5), 2), name: `gateway-${pick(5, 5)}` },
    server: { id: idOf(server, 3), name: servers[server] },
    tool: tools[pick(6, tools.length)],
    workstation: null,
    identity: { kind: 'own', id: null },
    decision: refused ? 'refused' : 'allowed',
    code: refused ? (codes[pick(7, codes.length)] ?? null) : null,
    hidden: [],
    upstreamError: false,
    requestBytes: 200 + pick(8, 800),
    responseBytes: 300 + pick(9, 8000),
    legs: { hostToGateway: 210, gatewayToServer: 260, serverToGateway: 41_000, gatewayToHost: 41_150 },
  });
}

/** Between 0 and 1, well spread. */
function fraction(of: number): number {
  const wide = Math.sin(of) * 43_758.5453;
  return wide - Math.floor(wide);
}

/** A UUIDv7 in form. */
function idOf(number: number, at: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}
