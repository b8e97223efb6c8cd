// Clients that are no AI hosts: a proxy, a tool for developers, and the client of each SDK with its own OAuth. They take their URLs from a converged config.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client as ClientTwo, StreamableHTTPClientTransport as TransportTwo } from '@modelcontextprotocol/client';
import { Client as ClientOne } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as TransportOne } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { until } from '../walk/deployment.ts';
import { createHost } from '../walk/sdk-host.ts';
import type { Person, Session, SigningHost } from './sign-in-host.ts';
import type { SignInGround } from './sign-in-ground.ts';

const resolve = createRequire(import.meta.url).resolve;
const address = /http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?[^\s\u001b\u0007]+/;
const patienceMs = 60_000;

function urlOf({ urls }: SignInGround, server: string): string {
  const url = urls[server];
  if (url === undefined) throw new Error(`the config names no server "${server}"`);
  return url;
}

/** The version of an installed package, whose main file lies somewhere below its folder. */
function versionOf(name: string, file: string): string {
  const folder = file.slice(0, file.lastIndexOf(`${name}/`) + name.length);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version;
}

const remoteProgram = resolve('mcp-remote/dist/proxy.js');
export const mcpRemote: SigningHost = {
  id: 'mcp-remote',
  version: versionOf('mcp-remote', remoteProgram),
  recordedAs: 'mcp-cli-proxy',
  missing: () => undefined,
  async open(ground) {
    const clients = new Map<string, ClientOne>();
    const config = join(ground.home, 'mcp-remote');
    await mkdir(config, { recursive: true });
    return {
      async signIn(server, person) {
        const transport = new StdioClientTransport({
          command: process.execPath,
          args: [remoteProgram, urlOf(ground, server), '--allow-http'],
          env: { PATH: '/usr/bin:/bin', HOME: ground.home, MCP_REMOTE_CONFIG_DIR: config, BROWSER: '/bin/true' },
          stderr: 'pipe',
        });
        let said = '';
        transport.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const client = new ClientOne({ name: 'stdio-host', version: '1' });
        clients.set(server, client);
        const connecting = client.connect(transport);
        connecting.catch(() => {});
        const shown = await until(`mcp-remote to say where to sign in`, async () => address.exec(said)?.[0], patienceMs);
        await fetch(await person(shown));
        await connecting;
      },
      call: async (server, tool, args) => JSON.stringify(await clients.get(server)?.callTool({ name: tool, arguments: args })),
      async close() {
        for (const client of clients.values()) await client.close();
      },
    };
  },
};

const inspectorProgram = resolve('@modelcontextprotocol/inspector/clients/launcher/build/index.js');
export const inspector: SigningHost = {
  id: 'inspector-cli',
  version: versionOf('@modelcontextprotocol/inspector', inspectorProgram),
  recordedAs: 'mcp-inspector',
  missing: () => undefined,
  async open(ground) {
    const run = async (server: string, args: readonly string[], person?: Person): Promise<string> => {
      const all = ['--cli', '--server-url', urlOf(ground, server), '--transport', 'http', ...args];
      const line = [process.execPath, inspectorProgram, ...all, '--callback-url', 'http://127.0.0.1:0/oauth/callback'];
      const child = spawn('script', ['-qec', `stty cols 4000; exec ${line.map((word) => `'${word}'`).join(' ')}`, '/dev/null'], {
        cwd: join(ground.home, 'work'),
        env: {
          PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
          HOME: ground.home,
          TERM: 'xterm',
          BROWSER: '/bin/true',
          MCP_INSPECTOR_SECRET_STORE: 'file',
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(child, 'exit');
      try {
        if (person) {
          const shown = until('the inspector to say where to sign in', async () => address.exec(said)?.[0], patienceMs);
          await fetch(await person(await shown));
        }
        await ended;
        return said;
      } catch (error) {
        throw new Error(`the inspector said: ${said.slice(-4000)}`, { cause: error });
      } finally {
        child.kill('SIGKILL');
      }
    };
    return {
      async signIn(server, person) {
        await run(server, ['--method', 'tools/list'], person);
      },
      call: (server, tool, args) =>
        run(server, ['--method', 'tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args)]),
      close: async () => undefined,
    };
  },
};

interface Sdk {
  readonly name: string;
  connect(url: URL, provider: object): { readonly done: Promise<void>; finish(back: URL): Promise<void> };
  client(
    url: URL,
    provider: object,
  ): Promise<{
    callTool(of: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
    close(): Promise<void>;
  }>;
}

const one: Sdk = {
  name: '@modelcontextprotocol/sdk',
  connect(url, authProvider) {
    const transport = new TransportOne(url, { authProvider: authProvider as never });
    return {
      done: new ClientOne({ name: 'sdk-one', version: '1' }).connect(transport),
      finish: (back) => transport.finishAuth(back.searchParams.get('code') ?? ''),
    };
  },
  async client(url, authProvider) {
    const client = new ClientOne({ name: 'sdk-one', version: '1' });
    await client.connect(new TransportOne(url, { authProvider: authProvider as never }));
    return client;
  },
};
const two: Sdk = {
  name: '@modelcontextprotocol/client',
  connect(url, authProvider) {
    const transport = new TransportTwo(url, { authProvider: authProvider as never });
    return {
      done: new ClientTwo({ name: 'sdk-two', version: '1' }).connect(transport),
      finish: (back) => transport.finishAuth(back.searchParams),
    };
  },
  async client(url, authProvider) {
    const client = new ClientTwo({ name: 'sdk-two', version: '1' });
    await client.connect(new TransportTwo(url, { authProvider: authProvider as never }));
    return client;
  },
};

function sdkHost(id: string, title: string, sdk: Sdk): SigningHost {
  const entry = resolve(sdk === one ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
  return {
    id,
    version: versionOf(sdk.name, entry),
    recordedAs: id,
    missing: () => undefined,
    async open(ground): Promise<Session> {
      const clients = new Map<string, Awaited<ReturnType<Sdk['client']>>>();
      return {
        async signIn(server, person) {
          // As hosts do it: what is kept for one server knows nothing of another.
          const { kept, provider } = createHost(title);
          const url = new URL(urlOf(ground, server));
          const first = sdk.connect(url, provider);
          await first.done.then(
            () => {
              throw new Error('it connected without a sign-in');
            },
            () => undefined,
          );
          if (!kept.sentTo) throw new Error('it did not ask to sign in');
          await first.finish(await person(kept.sentTo.href));
          clients.set(server, await sdk.client(url, provider));
        },
        call: async (server, name, args) => JSON.stringify(await clients.get(server)?.callTool({ name, arguments: { ...args } })),
        async close() {
          for (const client of clients.values()) await client.close();
        },
      };
    },
  };
}
export const sdkOne = sdkHost('sdk-v1', 'SDK v1', one);
export const sdkTwo = sdkHost('sdk-v2', 'SDK v2', two);
