// What the suites' client scenarios start: an AI host, by the official SDK of the scenario's era, that lists what there is and uses all of it. Either
// directly, or through a gateway server of its own, where the scenario's server is the one remote server.
//   node test/conformance/driver.ts direct|through <the scenario's address>
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { deploy, type Deployment } from '../walk/deployment.ts';
import { isForSignIn, Registered, registeredByHand, sdkSignIn, signInThrough } from './sign-in.ts';

const Context = z.looseObject({
  toolCalls: z.array(z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).optional(),
});
/** All that a host may declare: what scenarios say of each has to be tried. */
const capabilities = { elicitation: { form: { applyDefaults: true } }, roots: {}, sampling: {} };
const about = { name: 'conformance-driver', version: '1.0.0' };
let wantsSignIn = false;
let signedIn = 0;
let finish: ((returned: URLSearchParams) => Promise<void>) | undefined;
const direct = sdkSignIn(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
const person = { action: 'accept', content: {} } as const;

const [, , way, address = ''] = process.argv;
const isModern = (process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '') >= '2026-07-28';
const { toolCalls } = Context.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const isGuarded = scenario.startsWith('auth/');
const deployment = way === 'through' ? await deploy({ policy: policyFor(address) }) : undefined;
if (deployment) await begin(deployment);
try {
  const url = new URL(deployment ? `${deployment.origin}/g/eng/s/scenario/mcp` : address);
  const headers = deployment ? { authorization: `Bearer ${await tokenFrom(deployment)}` } : {};
  // Each round ends where somebody has to sign in, and the next one goes on from there.
  for (let round = 0; round < 4 && signedIn < 3; round++) {
    wantsSignIn = false;
    await (isModern || (isGuarded && !deployment) ? driveModern(url, headers) : driveLegacy(url, headers));
    if (!isGuarded || !(await signIn())) break;
  }
} finally {
  // A gateway keeps its sessions, and a scenario waits until nobody is connected any more.
  await deployment?.close();
}

async function driveModern(url: URL, headers: Record<string, string>): Promise<void> {
  const mode = isModern ? { pin: '2026-07-28' } : ('legacy' as const);
  const client = new NewClient(about, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', () => person);
  const authProvider = isGuarded && !deployment ? { authProvider: direct.provider } : {};
  const transport = new NewTransport(url, { requestInit: { headers }, ...authProvider });
  finish = (returned) => transport.finishAuth(returned);
  if (!isGuarded) await client.connect(transport);
  else if (!(await attempt('connect', () => client.connect(transport).then(() => true)))) return;
  await useAll(client);
  await client.close();
}

/** True where it was done, and is worth another round. */
async function signIn(): Promise<boolean> {
  signedIn++;
  if (deployment) return wantsSignIn && signInThrough(deployment);
  const returned = direct.returned();
  if (!returned) return false;
  return (await attempt('sign-in', () => finish?.(returned).then(() => true) ?? Promise.resolve(false))) === true;
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
    wantsSignIn ||= isForSignIn(error);
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

/** A client that was registered by hand comes into the policy. */
async function begin(gateway: Deployment): Promise<void> {
  const registered = Registered.safeParse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
  if (isGuarded && registered.success) await registeredByHand(gateway, registered.data, (oauth) => policyFor(address, oauth));
}

/** One remote server, of which everything is exposed. */
function policyFor(url: string, oauth?: object): object {
  const all = { tools: 'all', prompts: 'all', resources: 'all', templates: 'all' };
  return {
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
    teams: { everyone: { gateways: ['eng'] } },
    servers: {
      scenario: {
        kind: 'remote',
        url,
        auth: isGuarded ? 'oauth' : 'none',
        ...(oauth && { oauth }),
        timeoutSeconds: 10,
        allowPrivate: ['127.0.0.1', '::1'],
      },
    },
    gateways: { eng: { assignments: { scenario: { ...all, identity: isGuarded ? 'shared' : 'none' } } } },
  };
}
