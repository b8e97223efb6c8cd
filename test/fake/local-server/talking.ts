// A local server that says what it is told to say: MCP 2025-11-25 on plain JSON lines, without a library. Each tool is one way of saying something unasked.
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { say } from './stdio.ts';

const Line = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.looseObject({ _meta: z.looseObject({ progressToken: z.unknown().optional() }).optional() }).default({}),
});
const Call = z.looseObject({ name: z.string(), arguments: z.looseObject({}).default({}) });
type Args = Readonly<Record<string, unknown>>;

const heard: string[] = [];
const waiting = new Map<string, (answer: unknown) => void>();
let declared: unknown;
let level = 'none';
let isRefusedOnce = false;
let isWaiting = false;
let lastAnswer: unknown = 'none';
const held = new Set<() => void>();
let release = (): void => undefined;
const released = new Promise<void>((resolve) => (release = resolve));

/** Puts a question to the host and waits for its answer. */
function ask(id: string, method: unknown, params: unknown): Promise<unknown> {
  const answer = new Promise((resolve) => waiting.set(id, resolve));
  say({ id, method, params });
  return answer;
}

const tools: Readonly<Record<string, (args: Args, progressToken: unknown) => unknown>> = {
  /** One question with this method and these params. */
  ask: ({ method, params, id = 'q' }) => ask(String(id), method, params),
  /** Refuses the first call: the person has to open an address before. */
  'sign-in': ({ url = 'https://example.org/sign-in' }) => {
    if (isRefusedOnce) return 'signed in';
    isRefusedOnce = true;
    const elicitations = [{ mode: 'url', url, message: 'Sign in', elicitationId: 'e-1' }];
    return Promise.reject(Object.assign(new Error('sign in first'), { code: -32042, data: { elicitations } }));
  },
  /** A question, and progress after it was answered. */
  'ask-then-progress': async ({ method, params }, progressToken) => {
    await ask('p', method, params);
    say({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    return 'done';
  },
  /** A question, and nothing after it was answered until `release`. */
  'ask-then-wait': async ({ method, params }) => {
    lastAnswer = await ask('w', method, params);
    await released;
    return 'released';
  },
  /** A question that comes after the answer; that it was answered is told as a change of the list of tools. */
  'ask-later': ({ method, params }) => {
    void setTimeout(50)
      .then(() => ask('later', method, params))
      .then((answer) => {
        lastAnswer = answer;
        say({ method: 'notifications/tools/list_changed' });
      });
    return 'soon';
  },
  'last-answer': () => lastAnswer,
  /** Reports, and then the answer: with `isHeld` not before `let-go`. */
  progress: async ({ count = 1, token, isHeld = false }, progressToken) => {
    for (let progress = 1; progress <= Number(count); progress++)
      say({ method: 'notifications/progress', params: { progressToken: token ?? progressToken, progress, message: 'so far' } });
    if (isHeld === true) await new Promise<void>((resolve) => held.add(resolve));
    return 'done';
  },
  'let-go': () => {
    for (const answer of held) answer();
    held.clear();
    return 'done';
  },
  log: ({ level: of = 'info', data = 'hello', logger }) => {
    say({ method: 'notifications/message', params: { level: of, data, ...(logger === undefined ? {} : { logger }) } });
    return 'done';
  },
  notify: ({ method, params, count = 1 }) => {
    for (let sent = 0; sent < Number(count); sent++) say({ method, ...(params === undefined ? {} : { params }) });
    return 'done';
  },
  /** What the host said without being asked, and what it declared. */
  heard: () => ({ heard, declared, level }),
  /** Says something and then waits for `release`. */
  wait: async (_, progressToken) => {
    isWaiting = true;
    say({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    await released;
    return 'released';
  },
  waits: () => isWaiting,
  release: () => {
    release();
    return 'done';
  },
  vanish: () => process.exit(1),
};

for await (const text of createInterface({ input: process.stdin })) {
  const { id, method, params, ...rest } = Line.parse(JSON.parse(text));
  if (method === undefined) waiting.get(String(id))?.(rest);
  else if (id === undefined) heard.push(method);
  else if (method === 'initialize') {
    const { capabilities, protocolVersion } = params;
    declared = capabilities;
    const own = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} };
    say({ id, result: { protocolVersion, capabilities: own, serverInfo: { name: 'talking', version: '1' } } });
  } else if (method === 'logging/setLevel') {
    level = String(params['level']);
    say({ id, result: {} });
  } else if (method === 'resources/subscribe' || method === 'resources/unsubscribe') {
    heard.push(`${method} ${String(params['uri'])}`);
    say(
      String(params['uri']).endsWith('refused') ? { id, error: { code: -32002, message: 'no such thing' } } : { id, result: {} },
    );
  } else if (method === 'resources/list') say({ id, result: { resources: [{ uri: 'thing://a', name: 'a' }] } });
  else if (method === 'tools/list')
    say({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) } });
  else if (method === 'tools/call') {
    const { name, arguments: args } = Call.parse(params);
    void Promise.resolve(tools[name]?.(args, params._meta?.progressToken)).then(
      (answer) => say({ id, result: { content: [{ type: 'text', text: JSON.stringify(answer ?? null) }] } }),
      ({ code, message, data }) => say({ id, error: { code, message, data } }),
    );
  } else say({ id, error: { code: -32601, message: `no method ${method}` } });
}
