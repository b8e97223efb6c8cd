// The product's rows: over HTTP in each era, and through the shim. They share one running product.
import type { Drive, Running, Target } from '../target.ts';
import { startProduct, type Product, type ProductOptions } from './product.ts';

export function drawbridgeTargets(options: ProductOptions): readonly Target[] {
  let started: Promise<Product> | undefined;
  let users = 0;
  const target = (name: string, driveOf: (product: Product) => Drive): Target => ({
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
  const http = ({ serverUrl, token }: Product, opening: 'initialize' | 'none-stateless'): Drive => ({
    kind: 'http',
    url: serverUrl,
    headers: { authorization: `Bearer ${token}` },
    opening,
  });
  return [
    target('drawbridge http', (product) => http(product, 'initialize')),
    target('drawbridge http 2026-07-28', (product) => http(product, 'none-stateless')),
    target('drawbridge shim', ({ shim }) => ({ kind: 'line', ...shim })),
  ];
}
