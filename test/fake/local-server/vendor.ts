// A server of either era with methods of its own, message by message as text: no SDK reads or writes a byte of it. As a program it is a local server; the remote ones of
// a test answer with `answerTo`. `vendor/said` answers what was said to it last, as it was written.
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** What no revision of MCP has, written as nobody writes JSON by themselves. */
export const strange = '"vendorTop":[null,false],"deep":{"big":12345678901234567890,"neg":-0,"one":1.0,"text":"caf\\u00e9"}';
const Asked = z.looseObject({ id: z.unknown().optional(), method: z.string() });
const about = { capabilities: { tools: {} }, serverInfo: { name: 'vendor', version: '1' } };

/** `said`: every message that came, as it was written. */
export function vendorServer(isModern: boolean): { readonly said: string[]; answerTo(text: string): string | undefined } {
  const said: string[] = [];
  return {
    said,
    answerTo(text) {
      const { id, method } = Asked.parse(JSON.parse(text));
      said.push(text);
      if (id === undefined) return undefined;
      const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
      const known: Readonly<Record<string, string>> = {
        'vendor/reindex': `{${isModern ? '"resultType":"complete",' : ''}${strange}}`,
        'vendor/said': JSON.stringify({ said: said.at(-2) ?? '' }),
        'vendor/card': '{"note":"4111 1111 1111 1111"}',
        'tools/list': JSON.stringify({ tools: [{ name: 'odd', inputSchema: { type: 'object' } }], ...(isModern && modern) }),
        ...(isModern
          ? { 'server/discover': JSON.stringify({ ...about, ...modern, supportedVersions: ['2026-07-28'] }) }
          : { initialize: JSON.stringify({ ...about, protocolVersion: '2025-11-25' }) }),
      };
      const failed = method === 'vendor/fail' ? '{"code":-32077,"message":"out of order","data":{"vendor":1.0}}' : undefined;
      const error = failed ?? '{"code":-32601,"message":"no"}';
      const outcome = Object.hasOwn(known, method) ? `"result":${known[method]}` : `"error":${error}`;
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`;
    },
  };
}

if (import.meta.main) {
  const server = vendorServer(process.argv[2] === 'new');
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = server.answerTo(line);
    if (answer !== undefined) process.stdout.write(`${answer}\n`);
  }
}
