// The first calls of the sample, as an AI host makes them: MCP 2025-11-25 over Streamable HTTP, one session, one tool that is provisioned and one that is not.
import { z } from 'zod';

const Answer = z.looseObject({
  result: z
    .looseObject({
      content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).optional(),
      tools: z.array(z.looseObject({ name: z.string() })).optional(),
    })
    .optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});
type Answer = z.infer<typeof Answer>;

export interface Host {
  list(): Promise<readonly string[]>;
  call(tool: string, args: Record<string, unknown>): Promise<{ answer: Answer; tookMs: number }>;
  close(): Promise<void>;
}

/** Opens a session at the URL. */
export async function connectHost(url: string, token: string): Promise<Host> {
  let session: string | undefined;
  let id = 0;
  async function post(method: string, params: Record<string, unknown> | undefined, isRequest = true): Promise<Answer> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
        ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }), ...(isRequest && { id: ++id }) }),
      signal: AbortSignal.timeout(60_000),
    });
    session ??= response.headers.get('mcp-session-id') ?? undefined;
    const text = await response.text();
    return Answer.parse(text === '' ? {} : JSON.parse(text));
  }
  const opened = await post('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'npm-start', version: '1' },
  });
  if (opened.error) throw new Error(opened.error.message);
  await post('notifications/initialized', undefined, false);
  return {
    list: async () => (await post('tools/list', {})).result?.tools?.map(({ name }) => name) ?? [],
    async call(name, args) {
      const began = performance.now();
      const answer = await post('tools/call', { name, arguments: args });
      return { answer, tookMs: performance.now() - began };
    },
    close: async () =>
      void (await fetch(url, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${token}`, 'mcp-session-id': session ?? '' },
      })),
  };
}
