// A record as a syslog message (RFC 5424), framed by octet counting (RFC 5425 section 4.3). Pure.
// The rule: what a receiver can index stands in the structured data; the message is JSON in ASCII, which every receiver reads alike (a byte order mark would be no JSON).
import { textAt } from './field.ts';
import type { Item } from './item.ts';

export interface About {
  readonly facility: number;
  readonly enterprise: number;
  readonly host: string;
}

/** RFC 5424 section 6.2.1: informational, warning, error. */
const severities: Readonly<Record<string, number>> = { allowed: 6, refused: 4, failed: 3 };

export function frameOf(item: Item, about: About): Buffer {
  const message = Buffer.from(messageOf(item, about));
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

export function messageOf({ record, text, id, chain, seq, at }: Item, { facility, enterprise, host }: About): string {
  const decision = textAt(record, 'decision');
  const code = textAt(record, 'code');
  const kind = textAt(record, 'kind') ?? 'unknown';
  const severity = severities[decision ?? ''] ?? (code === undefined ? 6 : 4);
  const parameters = {
    id,
    chain,
    seq: String(seq),
    kind,
    event: textAt(record, 'event'),
    method: textAt(record, 'method'),
    decision,
    code,
    user: textAt(record, 'user', 'name'),
    host: textAt(record, 'host'),
    gateway: textAt(record, 'gateway', 'name'),
    server: textAt(record, 'server', 'name'),
    item: textAt(record, 'item', 'name') ?? textAt(record, 'tool'),
  };
  const data = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${escaped(value)}"`],
  );
  const name = printable(textAt(record, 'event') ?? kind, 32);
  return `<${facility * 8 + severity}>1 ${new Date(at).toISOString()} ${printable(host, 255)} drawbridge - ${name} [drawbridge@${enterprise}${data.join('')}] ${ascii(text)}`;
}

/** RFC 5424 section 6.3.3. Control characters would end a line at receivers that write lines. */
function escaped(value: string): string {
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').replace(/["\\\]]/g, (character) => `\\${character}`);
}

function printable(value: string, length: number): string {
  return value.replace(/[^\x21-\x7e]/g, '').slice(0, length) || '-';
}

function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
