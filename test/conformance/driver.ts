// What the suites' client scenarios start: an AI host, by the official SDK of the scenario's era, that lists what there is and uses all of it. Either
// directly, or through a gateway server of its own, where the scenario's server is the one remote server.
//   node test/conformance/driver.ts direct|through <the scenario's address>
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { deploy, type Deployment } from '../walk/deployment.ts';

const Context = z.looseObject({
  toolCalls: z.array(z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).optional(),
});
const capabilities = { elicitation: { form: { applyDefaults: true } } };
const about = { name: 'conformance-driver', version: '1.0.0' };
const person = { action: 'accept', content: {} } as const;

const [, , way, address = ''] = process.argv;
const isModern = (process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '') >= '2026-07-28';
const { toolCalls } = Context.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
const deployment = way === 'through' ? await deploy({ policy: policyFor(address) }) : undefined;
try {
  const url = new URL(deployment ? `${deployment.origin}/g/eng/s/scenario/mcp` : address);
  const headers = deployment ? { authorization: `Bearer ${await tokenFrom(deployment)}` } : {};
  await (isModern ? driveModern(url, headers) : driveLegacy(url, headers));
} finally {
  // A gateway keeps its sessions, and a scenario waits until nobody is connected any more.
  await deployment?.close();
}

async function driveModern(url: URL, headers: Record<string, string>): Promise<void> {
  const client = new NewClient(about, { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } });
  client.setRequestHandler('elicitation/create', () => person);
  await client.connect(new NewTransport(url, { requestInit: { headers } }));
  await useAll(client);
  await client.close();
}

async function driveLegacy(url: URL, headers: Record<string, string>): Promise<void> {
  const client = new Client(about, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, () => person);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  await useAll(client);
  await client.close();
}

interface Host {
  listTools(): Promise<{ tools: readonly { name: string; inputSchema: object }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  listPrompts(): Promise<{ prompts: readonly { name: string }[] }>;
  getPrompt(prompt: { name: string }): Promise<unknown>;
  listResources(): Promise<{ resources: readonly { uri: string }[] }>;
  readResource(resource: { uri: string }): Promise<unknown>;
}

/** One after the other; what is refused is said, and no reason to stop: scenarios refuse on purpose. */
async function useAll(host: Host): Promise<void> {
  const tools = await attempt('tools/list', async () => (await host.listTools()).tools);
  const calls = toolCalls ?? tools?.map(({ name, inputSchema }) => ({ name, arguments: samplesOf(inputSchema) })) ?? [];
  for (const { name, arguments: args } of calls) await attempt(name, () => host.callTool({ name, arguments: args }));
  const prompts = await attempt('prompts/list', async () => (await host.listPrompts()).prompts);
  for (const { name } of prompts ?? []) await attempt(name, () => host.getPrompt({ name }));
  const resources = await attempt('resources/list', async () => (await host.listResources()).resources);
  for (const { uri } of resources ?? []) await attempt(uri, () => host.readResource({ uri }));
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

function samplesOf(schema: object): Record<string, unknown> {
  const samples: Readonly<Record<string, unknown>> = { number: 5, integer: 5, boolean: true, string: 'text', array: [] };
  const { properties = {} } = z.looseObject({ properties: z.record(z.string(), z.looseObject({})).optional() }).parse(schema);
  return Object.fromEntries(Object.entries(properties).map(([key, { type }]) => [key, samples[String(type)] ?? {}]));
}

function tokenFrom(gateway: Deployment): Promise<string> {
  return gateway.hostToken({ user: 'ada', gateway: 'eng', host: 'conformance' });
}

/** One remote server, of which everything is exposed. */
function policyFor(url: string): object {
  const all = { tools: 'all', prompts: 'all', resources: 'all', templates: 'all' };
  return {
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
    teams: { everyone: { gateways: ['eng'] } },
    servers: { scenario: { kind: 'remote', url, auth: 'none', timeoutSeconds: 10, allowPrivate: ['127.0.0.1', '::1'] } },
    gateways: { eng: { assignments: { scenario: all } } },
  };
}
