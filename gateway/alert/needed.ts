// Which records of a page have to be read at all for alerts. Pure. The rule: what is left out says nothing that a record beside it does not say: a call that was
// allowed and hit no rule tells only that its server answers, so of such calls in a row the latest of each server (and device) is enough. To read each of
// thousands a second would cost a twentieth of what the calls themselves do. That a tunnel opened or closed is nobody's alert.
import type { ChainedRecord } from '../store/store.ts';

// Records are JSON as JSON.stringify writes it: in a text each quote has a backslash before it, so these stand only where they are members.
const beginning = '{"version":1,"kind":"call",';
const untroubled = '"decision":"allowed","code":null,';
const hits = '"hits":';
const server = '"server":';
const workstation = '"workstation":';
/** Nothing is wrong with them, and after a restart ten thousand come. */
const comesOrGoes = /^\{"version":1,"kind":"event","id":"[^"\\]*","at":\d+,"event":"tunnel_(?:opened|closed)"/;

/** In their order, those of a row by the first of each server. */
export function neededOf(rows: readonly ChainedRecord[]): readonly ChainedRecord[] {
  const kept: ChainedRecord[] = [];
  const untold = new Map<string, ChainedRecord>();
  for (const row of rows) {
    if (comesOrGoes.test(row.body)) continue;
    const of = untroubledAt(row.body);
    if (of === undefined) {
      kept.push(...untold.values(), row);
      untold.clear();
    } else if (row.at >= (untold.get(of)?.at ?? -Infinity)) untold.set(of, row);
  }
  kept.push(...untold.values());
  return kept;
}

/** Where a call came to a good end: its server and device, as its record writes them; undefined where a record says anything else. */
function untroubledAt(body: string): string | undefined {
  if (!body.startsWith(beginning)) return undefined;
  const at = body.indexOf(server);
  if (at === -1 || !body.includes(untroubled, at) || body.includes(hits, at)) return undefined;
  const device = body.indexOf(workstation, at);
  return `${body.slice(at, body.indexOf('}', at))} ${body.slice(device, body.indexOf(',', device))}`;
}
