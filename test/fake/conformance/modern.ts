// The fixture server of 2026-07-28, on the official SDK v2: everything that a conformance suite asks for.
//   node test/fake/conformance/modern.ts               over stdio
//   node test/fake/conformance/modern.ts --http        over Streamable HTTP on 127.0.0.1; prints {"event":"listening","url":…}
//   … --both-eras                                      serves hosts of 2025-11-25 too, with sessions
// What needs something of the host answers `input_required`, round by round, its state sealed. Without --both-eras it is a server of this revision only.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CLIENT_CAPABILITIES_META_KEY,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  type InputRequiredResult,
  type InputRequests,
  inputResponse,
  McpServer,
  type McpServerFactory,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { type Asking, askingPrompt, askingTools, type Replies } from './asking.ts';
import {
  betweenMs,
  completions,
  errorTool,
  logMessages,
  plainTools,
  progressSteps,
  prompts,
  resources,
  template,
} from './content.ts';
import { serveModernHttp } from './modern-http.ts';

const isDual = process.argv.includes('--both-eras');
/** What the host said that it can, in this request. */
const Envelope = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({}) });
const State = z.object({ round: z.number(), replies: z.record(z.string(), z.unknown()) });
const states = createRequestStateCodec<z.infer<typeof State>>({ key: randomBytes(32) });
const text = (words: string): { content: { type: 'text'; text: string }[] } => ({ content: [{ type: 'text', text: words }] });

/** The answer, or what has to be asked before it: the first round that is not answered whole. */
async function ask(asking: Asking, args: object, context: ServerContext): Promise<string | InputRequiredResult> {
  const said = Envelope.safeParse(context.mcpReq.envelope).data;
  const rounds = asking.rounds({ ...args }, said?.[CLIENT_CAPABILITIES_META_KEY] ?? {});
  const state = State.safeParse(context.mcpReq.requestState()).data;
  const at = state?.round ?? 0;
  const given = context.mcpReq.inputResponses;
  const replies: Record<string, unknown> = { ...state?.replies };
  const isAnswered = Object.keys(rounds[at] ?? {}).every((key) => {
    if (inputResponse(given, key).kind !== 'missing') replies[key] = given?.[key];
    return key in replies;
  });
  if (isAnswered && at + 1 >= rounds.length) return asking.text(replies);
  const next = isAnswered ? at + 1 : at;
  return inputRequired({
    inputRequests: requestsOf(rounds[next] ?? {}),
    ...((rounds.length > 1 || asking.hasState) && { requestState: await sealed(next, replies, context) }),
  });
}

function sealed(round: number, replies: Replies, context: ServerContext): Promise<string> {
  return Promise.resolve(states.mint({ round, replies: { ...replies } }, context));
}

/** What is asked is written once for both eras, in readonly data; the SDK's own request types are mutable. */
function requestsOf(round: object): InputRequests {
  return structuredClone(round) as InputRequests;
}

function createFixture(): McpServer {
  const server = new McpServer(
    { name: 'conformance-modern', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        completions: {},
        logging: {},
      },
      requestState: { verify: states.verify },
    },
  );
  registerTools(server);
  registerPrompts(server);
  registerResources(server);
  if (isDual) {
    server.server.setRequestHandler('resources/subscribe', () => ({}));
    server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  }
  return server;
}

function registerTools(server: McpServer): void {
  for (const [name, { description, inputSchema, content }] of Object.entries(plainTools))
    server.registerTool(name, { description, inputSchema: fromJsonSchema(inputSchema) }, () => ({ content }));
  for (const [name, asking] of Object.entries(askingTools)) {
    const inputSchema = fromJsonSchema<object>(asking.inputSchema);
    server.registerTool(name, { description: asking.description, inputSchema }, async (args, context) => {
      const answer = await ask(asking, args, context);
      return typeof answer === 'string' ? text(answer) : answer;
    });
  }
  server.registerTool(errorTool.name, { description: errorTool.description }, () => {
    throw new Error(errorTool.message);
  });
  for (const name of ['test_tool_with_logging', 'test_logging_tool'])
    server.registerTool(name, { description: 'Logs while it runs' }, async (context) => {
      for (const [index, message] of logMessages.entries()) {
        if (index > 0) await wait(betweenMs);
        await context.mcpReq.log('info', message);
      }
      return text('It was logged.');
    });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress where it is asked to' }, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of progressSteps) {
      if (progress > 0) await wait(betweenMs);
      if (progressToken !== undefined)
        await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return text('Progress was reported.');
  });
  server.registerTool('test_trigger_tool_change', { description: 'Says that the list of tools changed' }, () => {
    changed('tools');
    return text('Said.');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'Says that the list of prompts changed' }, () => {
    changed('prompts');
    return text('Said.');
  });

  function changed(what: 'tools' | 'prompts'): void {
    if (notify) notify[`${what}Changed`]();
    else if (what === 'tools') server.sendToolListChanged();
    else server.sendPromptListChanged();
  }
}

function registerPrompts(server: McpServer): void {
  for (const [name, prompt] of Object.entries(prompts)) {
    const { description } = prompt;
    if (prompt.arguments.length === 0) server.registerPrompt(name, { description }, () => ({ messages: prompt.messages({}) }));
    else {
      const argument = (words: string) => completable(z.string().describe(words), () => completions);
      const argsSchema = z.object(Object.fromEntries(prompt.arguments.map((one) => [one.name, argument(one.description)])));
      server.registerPrompt(name, { description, argsSchema }, (args) => ({ messages: prompt.messages(args) }));
    }
  }
  const { name, asking } = askingPrompt;
  server.registerPrompt(name, { description: asking.description }, async (context) => {
    const answer = await ask(asking, {}, context);
    return typeof answer === 'string' ? { messages: [{ role: 'user', content: { type: 'text', text: answer } }] } : answer;
  });
}

function registerResources(server: McpServer): void {
  for (const [uri, { name, description, mimeType, body }] of Object.entries(resources))
    server.registerResource(name, uri, { description, mimeType }, () => ({ contents: [{ uri, mimeType, ...body }] }));
  const { name, uriTemplate, description, mimeType } = template;
  server.registerResource(
    name,
    new ResourceTemplate(uriTemplate, { list: undefined }),
    { description, mimeType },
    ({ href }, { id }) => {
      if (typeof id !== 'string') throw new ResourceNotFoundError(href);
      return { contents: [{ uri: href, mimeType, text: template.text(id) }] };
    },
  );
}

const factory: McpServerFactory = createFixture;
const notify = process.argv.includes('--http') ? serveModernHttp(factory, isDual) : undefined;
if (!notify) serveStdio(factory, { legacy: isDual ? 'serve' : 'reject' });
