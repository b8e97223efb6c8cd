// The floor: HTTP -> WebSocket -> stdio with nothing parsed, in the product's own process layout. What any gateway of this shape costs at least.
// Its variants do one thing more, or better: what that thing costs.
import { fileURLToPath } from 'node:url';
import type { Variant } from '../floor/variant.ts';
import { startProgram } from '../program.ts';
import type { Target } from '../target.ts';

const relayFile = fileURLToPath(new URL('../floor/relay.ts', import.meta.url));
const farEndFile = fileURLToPath(new URL('../floor/far-end.ts', import.meta.url));

export interface FloorOptions {
  readonly node: string;
  readonly echoServer: string;
  readonly env: Readonly<Record<string, string>>;
}

const names: Readonly<Record<Variant, string>> = {
  raw: 'floor',
  parsed: 'floor, request parsed',
  reserialized: 'floor, re-serialized',
  'one-write': 'floor, one write a tick',
};

export function floorTarget({ node, echoServer, env }: FloorOptions, variant: Variant = 'raw'): Target {
  return {
    name: names[variant],
    async start() {
      const relay = startProgram({ file: node, args: [relayFile, variant], env });
      const port = (await relay.line(/^listening (\d+)$/, 10_000))[1];
      const url = `ws://127.0.0.1:${port}/`;
      const farEnd = startProgram({ file: node, args: [farEndFile, url, echoServer, variant], env });
      await farEnd.line(/^connected$/, 10_000);
      return {
        drive: { kind: 'http', url: `http://127.0.0.1:${port}/`, headers: {}, opening: 'none' },
        roots: [relay.pid, farEnd.pid],
        async close() {
          await farEnd.close();
          await relay.close();
        },
      };
    },
  };
}
