// The official SDKs alone, each in its own era: what a call costs without any gateway.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startProgram } from '../program.ts';
import type { Running, Target } from '../target.ts';
import { install, type Cache } from './install.ts';

const adapterVersions = { '@modelcontextprotocol/node': '2.1.2', '@modelcontextprotocol/server': '2.4.0' };
const firstLine = fileURLToPath(new URL('../sdk/v1.ts', import.meta.url));
const secondLine = fileURLToPath(new URL('../sdk/v2.ts', import.meta.url));

export interface SdkOptions extends Cache {
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
}

export function sdkTargets(options: SdkOptions): readonly Target[] {
  const start = async (args: readonly string[], opening: 'initialize' | 'none-stateless'): Promise<Running> => {
    const program = startProgram({ file: options.node, args, env: options.env });
    const port = (await program.line(/^listening (\d+)$/, 20_000))[1];
    return {
      drive: { kind: 'http', url: `http://127.0.0.1:${port}/mcp`, headers: {}, opening },
      roots: [program.pid],
      close: program.close,
    };
  };
  return [
    { name: 'sdk v1 alone', start: () => start([firstLine], 'initialize') },
    {
      name: 'sdk v2 alone',
      async start() {
        const modules = await install(options, adapterVersions);
        const adapter = pathToFileURL(join(modules, '@modelcontextprotocol/node/dist/index.mjs')).href;
        return start([secondLine, adapter], 'none-stateless');
      },
    },
  ];
}
