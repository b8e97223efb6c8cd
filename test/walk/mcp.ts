// Raw MCP over HTTP for tests that look at single messages; whole clients are the SDKs' own.
import { z } from 'zod';

const Answer = z.looseObject({
  result: z.record(z.string(), z.unknown()).optional(),
  error: z
    .looseObject({
      code: z.number(),
      message: z.string(),
      data: z.looseObject({ code: z.string(), retry: z.string() }).optional(),
    })
    .optional(),
});
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: z.infer<typeof Answer>;
  /** Where it came as a stream of events: all of them, the answer last. */
  readonly messages: readonly unknown[];
}

export const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
} as const;

/** One modern (2026-07-28) request. */
export function modern(
  url: string,
  token: string,
  method: string,
  params: Record<string, unknown> = {},
  options: { signal?: AbortSignal; id?: number; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answered> {
  const headers: Record<string, string> = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...options.headers };
  const name = method === 'resources/read' ? params['uri'] : params['name'];
  if (typeof name === 'string') headers['mcp-name'] = name;
  return post(
    url,
    token,
    {
      jsonrpc: '2.0',
      id: options.id ?? 1,
      method,
      params: { ...params, _meta: { ...z.record(z.string(), z.unknown()).catch({}).parse(params['_meta']), ...modernMeta } },
    },
    headers,
    options.signal,
  );
}

/** Posts any body with any headers. */
export async function post(
  url: string,
  token: string | undefined,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
  const text = await response.text();
  const messages =
    response.headers.get('content-type') === 'text/event-stream' ? eventsOf(text) : [text === '' ? {} : JSON.parse(text)];
  return { status: response.status, headers: response.headers, body: Answer.parse(messages.at(-1)), messages };
}

/** The messages of a stream of events. */
export function eventsOf(text: string): unknown[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data));
}

/** The code of our own table that an answer carries. */
export function codeOf(answered: Answered): string | undefined {
  return answered.body.error?.data?.code;
}
