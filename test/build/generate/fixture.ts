// A table with a setting of every kind, beside the real one: the formats must carry all that the contract's table may come to hold.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readSource, settingSource } from '../../../build/generate/source.ts';
import type { Source } from '../../../build/generate/source.ts';

export const root = join(import.meta.dirname, '../../..');

const common = { title: 'A <title> & "more"', since: '0.2', help: 'Help -- with | bars, <marks> & "quotes".' } as const;

/** The contract's tables at the version of package.json. */
export async function realSource(): Promise<Source> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  return readSource(version);
}

export const everyKind: Source = {
  version: '9.9.9',
  findings: [{ code: 'planted', severity: 'low', meaning: 'It is | planted.', action: 'Nothing.' }],
  settings: [
    settingSource('AString', { ...common, kind: 'string', schema: z.string().max(12).default('x'), default: 'x' }),
    settingSource('AUrl', { ...common, kind: 'string', schema: z.url() }),
    settingSource('AChoice', { ...common, kind: 'choice', schema: z.enum(['never', 'with-reason', 'always']), default: 'never' }),
    settingSource('AnInteger', { ...common, kind: 'integer', schema: z.number().int().min(-5).max(10), default: 3 }),
    settingSource('AnyInteger', { ...common, kind: 'integer', schema: z.number().int() }),
    settingSource('ABoolean', { ...common, kind: 'boolean', schema: z.boolean(), default: false, whenInvalid: true }),
    settingSource('AList', { ...common, kind: 'structured', schema: z.array(z.string()), default: ['a', '<b>'] }),
    settingSource('AnObject', {
      ...common,
      kind: 'structured',
      schema: z.record(z.string(), z.strictObject({ n: z.number(), on: z.boolean().optional() })),
      example: { one: { n: 1.5, on: true } },
    }),
  ],
};

/** Whether a program can be started at all. */
export function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}
