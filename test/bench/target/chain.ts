// The chain: what people use for this job today, mcp-remote -> supergateway -> stdio. Installed on demand into a cache outside the repository.
// Exact versions, no install scripts; logs off, which favors it.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, startProgram } from '../program.ts';
import type { Target } from '../target.ts';

const versions = { 'mcp-remote': '0.15.1', supergateway: '4.0.0' };
const installMs = 180_000;
const loopback = new URL('./loopback.ts', import.meta.url).href;

export interface ChainOptions {
  readonly node: string;
  readonly echoServer: string;
  readonly cacheDir: string;
  readonly tempDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** npm's: the whole environment, with its proxies and certificates. */
  readonly installEnv: Readonly<Record<string, string | undefined>>;
}

export function chainTarget({ node, echoServer, cacheDir, tempDir, env, installEnv }: ChainOptions): Target {
  return {
    name: 'chain',
    async start() {
      const modules = await install(cacheDir, installEnv);
      const supergateway = startProgram({
        file: node,
        args: [
          ...['--import', loopback, join(modules, 'supergateway/dist/index.js')],
          ...['--stdio', `'${node}' '${echoServer}'`, '--outputTransport', 'streamableHttp', '--stateful'],
          ...['--port', '0', '--logLevel', 'none'],
        ],
        env,
      });
      const port = (await supergateway.line(/^bench: listening on (\d+)$/, 20_000))[1];
      const url = `http://127.0.0.1:${port}/mcp`;
      return {
        drive: {
          kind: 'line',
          file: node,
          args: [join(modules, 'mcp-remote/dist/proxy.js'), url, '--allow-http', '--transport', 'http-only', '--silent'],
          env: { ...env, MCP_REMOTE_CONFIG_DIR: join(tempDir, 'mcp-remote') },
        },
        roots: [supergateway.pid],
        close: () => supergateway.close(),
      };
    },
  };
}

/** The cache's node_modules, filled once for each set of versions. */
async function install(cacheDir: string, env: ChainOptions['installEnv']): Promise<string> {
  const specs = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const folder = join(cacheDir, specs.join('+'));
  const done = join(folder, 'installed');
  if (existsSync(done)) return join(folder, 'node_modules');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--save-exact', '--no-audit', '--no-fund', ...specs];
  try {
    await runProgram({ file: 'npm', args, env, cwd: folder }, installMs);
  } catch (error) {
    throw new Error(`${specs.join(' and ')} can't be installed`, { cause: error });
  }
  await writeFile(done, '');
  return join(folder, 'node_modules');
}
