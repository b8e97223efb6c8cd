// A server of either era with methods of its own, message by message as text: no SDK reads or writes a byte of it. As a program it is a local server; the remote ones of
// a test answer with `answersTo`.
//   vendor/reindex: the strange result; vendor/said: what was said to it last, as it was written; vendor/card: a card number; vendor/fail: an error of its own
//   vendor/tell: says `notifications/vendor/moved` before its answer; vendor/ask: asks `vendor/choose`, and answers what the host said
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** What no revision of MCP has, written as nobody writes JSON by themselves. */
export const strange = '"vendorTop":[null,false],"deep":{"big":12345678901234567890,"neg":-0,"one":1.0,"text":"caf\\u00e9"}';
const Said = z.looseObject({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.looseObject({ inputResponses: z.looseObject({}).optional(), word: z.string().optional() }).optional(),
  result: z.unknown().optional(),
});
const extensions = { 'com.example/reindex': { depth: 3 } };
const about = { capabilities: { tools: {}, extensions }, serverInfo: { name: 'vendor', version: '1' } };
const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

export interface VendorServer {
  /** Every message that came, as it was written. */
  readonly said: string[];
  /** What it says then, in order. */
  answersTo(text: string): readonly string[];
}

export function vendorServer(isModern: boolean): VendorServer {
  const said: string[] = [];
  /** Of vendor/ask, until its question is answered. */
  let asking: unknown;
  const results: Readonly<Record<string, string>> = {
    'vendor/reindex': `{${isModern ? '"resultType":"complete",' : ''}${strange}}`,
    'vendor/card': '{"note":"4111 1111 1111 1111"}',
    'vendor/tell': '{"told":true}',
    'tools/list': JSON.stringify({ tools: [{ name: 'odd', inputSchema: { type: 'object' } }], ...(isModern && modern) }),
    ...(isModern
      ? { 'server/discover': JSON.stringify({ ...about, ...modern, supportedVersions: ['2026-07-28'] }) }
      : { initialize: JSON.stringify({ ...about, protocolVersion: '2025-11-25' }) }),
  };
  const response = (id: unknown, outcome: string) => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`;

  function asked(id: unknown, { inputResponses }: { inputResponses?: object | undefined } = {}): string {
    if (!isModern) {
      asking = id;
      return `{"jsonrpc":"2.0","id":"q","method":"vendor/choose","params":{${strange}}}`;
    }
    const question = `{"method":"vendor/choose","params":{${strange}}}`;
    return inputResponses
      ? response(id, `"result":{"resultType":"complete","chosen":${JSON.stringify(Object.values(inputResponses)[0])}}`)
      : response(id, `"result":{"resultType":"input_required","inputRequests":{"q":${question}},"requestState":"s"}`);
  }

  return {
    said,
    answersTo(text) {
      const { id, method, params, result } = Said.parse(JSON.parse(text));
      said.push(text);
      if (method === undefined) return [response(asking, `"result":{"chosen":${JSON.stringify(result)}}`)];
      if (id === undefined) return [];
      if (method === 'vendor/said') return [response(id, `"result":${JSON.stringify({ said: said.at(-2) ?? '' })}`)];
      if (method === 'vendor/ask') return [asked(id, params)];
      if (method === 'vendor/fail')
        return [response(id, '"error":{"code":-32077,"message":"out of order","data":{"vendor":1.0}}')];
      const found = Object.hasOwn(results, method) ? results[method] : undefined;
      if (found === undefined) return [response(id, '"error":{"code":-32601,"message":"no"}')];
      const moved = `{"jsonrpc":"2.0","method":"notifications/vendor/moved","params":{"word":${JSON.stringify(params?.word ?? '')},${strange}}}`;
      return [...(method === 'vendor/tell' ? [moved] : []), response(id, `"result":${found}`)];
    },
  };
}

if (import.meta.main) {
  const server = vendorServer(process.argv[2] === 'new');
  for await (const line of createInterface({ input: process.stdin }))
    for (const answer of server.answersTo(line)) process.stdout.write(`${answer}\n`);
}
