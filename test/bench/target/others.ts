// What others offer for one hop of this job (HTTP in front of a stdio server), and the chain of two that people use today. Logs off, which favors them.
// A program that listens on every interface is loaded through loopback.ts.
import { join } from 'node:path';
import { startProgram, type Program } from '../program.ts';
import type { Drive, Target } from '../target.ts';
import { install, type Cache } from './install.ts';

const chainVersions = { 'mcp-remote': '0.15.1', supergateway: '4.0.0' };
const proxyVersions = { 'mcp-proxy': '6.7.19' };
const loopback = new URL('./loopback.ts', import.meta.url).href;
const startMs = 20_000;

export interface OthersOptions extends Cache {
  readonly node: string;
  readonly echoServer: string;
  readonly tempDir: string;
  readonly env: Readonly<Record<string, string>>;
}

export function otherTargets(options: OthersOptions): readonly Target[] {
  const { node, echoServer, tempDir, env } = options;
  return [
    {
      name: 'mcp-proxy',
      async start() {
        const modules = await install(options, proxyVersions);
        const args = [join(modules, 'mcp-proxy/dist/bin/mcp-proxy.mjs'), '--host', '127.0.0.1', '--port', '0'];
        return oneHop({ options, args: [...args, '--server', 'stream', '--', node, echoServer] });
      },
    },
    {
      name: 'supergateway',
      async start() {
        return oneHop({ options, args: supergatewayArgs(await install(options, chainVersions), options) });
      },
    },
    {
      name: 'chain',
      async start() {
        const modules = await install(options, chainVersions);
        const driveOf = (url: string): Drive => ({
          kind: 'line',
          file: node,
          args: [join(modules, 'mcp-remote/dist/proxy.js'), url, '--allow-http', '--transport', 'http-only', '--silent'],
          env: { ...env, MCP_REMOTE_CONFIG_DIR: join(tempDir, 'mcp-remote') },
        });
        return oneHop({ options, args: supergatewayArgs(modules, options), driveOf });
      },
    },
  ];
}

function supergatewayArgs(modules: string, { node, echoServer }: OthersOptions): readonly string[] {
  return [
    ...[join(modules, 'supergateway/dist/index.js'), '--stdio', `'${node}' '${echoServer}'`],
    ...['--outputTransport', 'streamableHttp', '--stateful', '--port', '0', '--logLevel', 'none'],
  ];
}

async function oneHop(of: {
  options: OthersOptions;
  args: readonly string[];
  driveOf?: (url: string) => Drive;
}): Promise<{ drive: Drive; roots: readonly number[]; close: Program['close'] }> {
  const { node, env } = of.options;
  const program = startProgram({ file: node, args: ['--import', loopback, ...of.args], env });
  const port = (await program.line(/^bench: listening on (\d+)$/, startMs))[1];
  const url = `http://127.0.0.1:${port}/mcp`;
  const http = (): Drive => ({ kind: 'http', url, headers: {}, opening: 'initialize' });
  return { drive: (of.driveOf ?? http)(url), roots: [program.pid], close: program.close };
}
