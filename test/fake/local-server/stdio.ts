// The part that the fake local servers share: MCP 2025-11-25 on plain JSON lines, without a library, as fast as it can be.
import { createInterface } from 'node:readline';
import { z } from 'zod';

const Request = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({}).optional(),
});

/** What a tool answers: its text, at once or later. */
export type Tool = (args: Readonly<Record<string, unknown>>) => string | Promise<string>;

/** Serves these tools until stdin ends. */
export function serveTools(name: string, tools: Readonly<Record<string, Tool>>): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => void answer(line));

  async function answer(line: string): Promise<void> {
    const { id, method, params } = Request.parse(JSON.parse(line));
    if (id === undefined) return;
    if (method === 'initialize') {
      const { protocolVersion } = z.looseObject({ protocolVersion: z.string() }).parse(params);
      return say({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name, version: '1.0.0' } } });
    }
    if (method === 'ping') return say({ id, result: {} });
    if (method === 'tools/list') {
      const list = Object.keys(tools).map((tool) => ({ name: tool, inputSchema: { type: 'object' } }));
      return say({ id, result: { tools: list } });
    }
    if (method !== 'tools/call') return say({ id, error: { code: -32601, message: `no method ${method}` } });
    const call = z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }).parse(params);
    const tool = Object.hasOwn(tools, call.name) ? tools[call.name] : undefined;
    if (tool === undefined) return say({ id, error: { code: -32602, message: `no tool ${call.name}` } });
    const text = tool(call.arguments);
    say({ id, result: { content: [{ type: 'text', text: typeof text === 'string' ? text : await text }] } });
  }
}

export function say(message: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}
