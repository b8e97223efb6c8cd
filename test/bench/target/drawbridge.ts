// The product's rows: over HTTP in each era, and through the shim, with its default audit. They share one running product.
// A second product has batched audit: what durability costs a call.
import { join } from 'node:path';
import { smallBytes, type CellName } from '../cell.ts';
import type { Drive, Running, Target } from '../target.ts';
import { startProduct, type Product, type ProductOptions } from './product.ts';

export function drawbridgeTargets(options: ProductOptions): readonly Target[] {
  const durable = sharing({ ...options, tempDir: join(options.tempDir, 'durable') });
  const batched = sharing({ ...options, tempDir: join(options.tempDir, 'batched'), flags: ['--audit', 'batched'] });
  return [
    durable('drawbridge http', (product) => http(product, 'initialize')),
    durable('drawbridge http 2026-07-28', (product) => http(product, 'none-stateless')),
    durable('drawbridge shim', ({ shim }) => ({ kind: 'line', ...shim })),
    { ...batched('drawbridge http, audit batched', (product) => http(product, 'initialize')), measures: isSmall },
    { ...batched('drawbridge shim, audit batched', ({ shim }) => ({ kind: 'line', ...shim })), measures: isSmall },
  ];
}

/** Where durability shows: on small calls. */
function isSmall({ payloadBytes }: CellName): boolean {
  return payloadBytes === smallBytes;
}

function http({ serverUrl, token }: Product, opening: 'initialize' | 'none-stateless'): Drive {
  return { kind: 'http', url: serverUrl, headers: { authorization: `Bearer ${token}` }, opening };
}

/** Rows of one product: it starts with the first and closes with the last. */
function sharing(options: ProductOptions): (name: string, driveOf: (product: Product) => Drive) => Target {
  let started: Promise<Product> | undefined;
  let users = 0;
  return (name, driveOf) => ({
    name,
    async start(): Promise<Running> {
      started ??= startProduct(options);
      const product = await started;
      users++;
      let isClosed = false;
      return {
        drive: driveOf(product),
        roots: product.roots,
        async close() {
          if (isClosed) return;
          isClosed = true;
          if (--users === 0) await product.close();
        },
      };
    },
  });
}
