// Every feature of MCP x what era the host is of x what era the server is of x where the server runs: each a test through the gateway, with the official
// SDKs (v1 for 2025-11-25, v2 for 2026-07-28) as peers on both sides. `npm run features` makes the table of docs/features.md of a run of this file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellName, columns } from './cell.ts';
import { exemptions } from './exempt.ts';
import { features } from './feature.ts';
import { type Ground, namesOf, standUp } from './ground.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await standUp();
}, 120_000);
afterAll(() => ground?.close());

const cells = columns.flatMap((column) => features.map((feature) => ({ column, feature, name: cellName(feature.name, column) })));

describe('through the gateway works', () => {
  for (const { column, feature, name } of cells)
    test(`${name}`, async () => {
      const exemption = exemptions.find((one) => one.feature === feature.name && one.applies(column));
      const names = namesOf(column.server, column.kind);
      const host = await ground.host(column.host, feature.isAtServer && names.server);
      try {
        const outcome = feature.run(host, names);
        if (exemption) await expect(outcome, `${name} works: take its line out of exempt.ts`).rejects.toThrow(exemption.error);
        else await outcome;
      } finally {
        await host.close();
      }
    });
});
