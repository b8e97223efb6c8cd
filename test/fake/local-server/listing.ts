// Lists its tools as its one argument (JSON) says:
//   startMs: reads nothing before; pages: so many, endless where 0; perPage: tools in each; name: what each is called before its number
//   hangOnPage: never answers for that page, counted from 0, nor for any after it; hangsWhile: …only while there is such a file
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const Options = z.strictObject({
  startMs: z.number().default(0),
  pages: z.number().default(1),
  perPage: z.number().default(1),
  name: z.string().default('tool'),
  hangOnPage: z.number().default(Infinity),
  hangsWhile: z.string().optional(),
});
const Request = z.looseObject({
  id: z.number().optional(),
  method: z.string(),
  params: z.looseObject({ cursor: z.string().optional() }).default({}),
});
const { startMs, pages, perPage, name, hangOnPage, hangsWhile } = Options.parse(JSON.parse(process.argv[2] ?? '{}'));
const answer = (id: number, result: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);

await setTimeout(startMs);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = Request.parse(JSON.parse(line));
  if (id === undefined) continue;
  if (method === 'initialize')
    answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'listing', version: '1' } });
  else if (method === 'tools/list') list(id, Number(params.cursor ?? 0));
  else if (method === 'tools/call') answer(id, { content: [{ type: 'text', text: 'called' }] });
  else
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: `no method ${method}` } })}\n`);
}

function list(id: number, page: number): void {
  if (page >= hangOnPage && (hangsWhile === undefined || existsSync(hangsWhile))) return;
  const tools = Array.from({ length: perPage }, (_, at) => ({
    name: `${name}-${page * perPage + at}`,
    description: '',
    inputSchema: { type: 'object' },
  }));
  answer(id, { tools, ...(page + 1 !== pages && { nextCursor: String(page + 1) }) });
}
