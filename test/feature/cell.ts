// A cell of the table: a feature, and a column. Its name is what ties a test that ran to its place in the document.
import type { Era } from './host.ts';

export interface Column {
  readonly host: Era;
  readonly server: Era;
  readonly kind: 'remote' | 'workstation';
}

export const kinds = ['remote', 'workstation'] as const;
export const eras = ['old', 'new'] as const satisfies readonly Era[];
export const columns: readonly Column[] = eras.flatMap((host) =>
  eras.flatMap((server) => kinds.map((kind) => ({ host, server, kind }))),
);

/** What the test of the cell is called, and no other test. */
export function cellName(feature: string, { host, server, kind }: Column): string {
  return `${feature}: ${host} host, ${server} ${kind} server`;
}
