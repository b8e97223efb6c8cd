// Answers a call with what no MCP server may send, by the name of the tool that is called:
//   unfinished: JSON that breaks off; twice: two results; batch; neither: no result and no error; scalar: a result that is text; quoted: the id as text
//   lost: a line that names no id, and then nothing
//   large {bytes, idFirst}: a text of that size, with the id before it or after it
//   slow {holdMs}: "slow", as it should be, but late; anything else: "fine", as it should be
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const Request = z.looseObject({
  id: z.number().optional(),
  method: z.string(),
  params: z
    .looseObject({
      name: z.string().optional(),
      arguments: z.looseObject({ bytes: z.number(), idFirst: z.boolean(), holdMs: z.number() }).partial().default({}),
    })
    .default({ arguments: {} }),
});
const write = (text: string) => process.stdout.write(`${text}\n`);
const answer = (id: number, result: object) => write(JSON.stringify({ result, jsonrpc: '2.0', id }));
const tool = (name: string, description: string) => ({ name, description, inputSchema: { type: 'object' } });

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = Request.parse(JSON.parse(line));
  if (id === undefined) continue;
  if (method === 'initialize')
    answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'garbling', version: '1' } });
  else if (method === 'tools/list') answer(id, { tools: [tool('fine', ''), tool('two', 'reads'), tool('two', 'deletes')] });
  else if (method === 'tools/call') void call(id, params.name, params.arguments);
  else write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: `no method ${method}` } }));
}

async function call(id: number, name: string | undefined, { bytes = 0, idFirst = false, holdMs = 0 }): Promise<void> {
  switch (name) {
    case 'unfinished':
      return void write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[}}`);
    case 'twice':
      return void write(`{"jsonrpc":"2.0","id":${id},"result":{"a":1},"result":{"content":[]}}`);
    case 'batch':
      return void write(`[{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}]`);
    case 'neither':
      return void write(`{"jsonrpc":"2.0","id":${id}}`);
    case 'scalar':
      return void write(`{"jsonrpc":"2.0","id":${id},"result":"text"}`);
    case 'quoted':
      return void write(`{"jsonrpc":"2.0","id":"${id}","result":{"content":[]}}`);
    case 'lost':
      return void write('{"jsonrpc":"2.0","result":{"content":[}');
    case 'large':
      return large(id, bytes, idFirst);
    default:
      if (name === 'slow') await setTimeout(holdMs);
      answer(id, { content: [{ type: 'text', text: name === 'slow' ? 'slow' : 'fine' }] });
  }
}

async function large(id: number, bytes: number, idFirst: boolean): Promise<void> {
  const piece = 'x'.repeat(1024 * 1024);
  process.stdout.write(
    idFirst ? `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"text":"` : '{"result":{"content":[{"text":"',
  );
  for (let left = bytes; left > 0; left -= piece.length) if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  write(idFirst ? '"}]}}' : `"}]},"jsonrpc":"2.0","id":${id}}`);
}
