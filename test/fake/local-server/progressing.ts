// Reports progress every 100 ms and never answers: `hang` for the token that the call gave, `other` for a token that nobody gave.
import { createInterface } from 'node:readline';
import { z } from 'zod';

const Request = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z
    .looseObject({ name: z.string().optional(), _meta: z.looseObject({ progressToken: z.unknown().optional() }).optional() })
    .optional(),
});
const say = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = Request.parse(JSON.parse(line));
  if (method === 'initialize')
    say({
      id,
      result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'progressing', version: '1' } },
    });
  else if (method === 'tools/list')
    say({ id, result: { tools: ['hang', 'other'].map((name) => ({ name, inputSchema: { type: 'object' } })) } });
  else if (method === 'tools/call') {
    const progressToken = params?.name === 'hang' ? params._meta?.progressToken : 'nobody';
    let progress = 0;
    setInterval(() => say({ method: 'notifications/progress', params: { progressToken, progress: ++progress } }), 100);
  } else if (id !== undefined) say({ id, error: { code: -32601, message: 'Method not found' } });
}
