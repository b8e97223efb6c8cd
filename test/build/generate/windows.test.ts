// The administrative template: valid XML of the format, every reference resolved, every kind of setting carried.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source } from '../../../build/generate/source.ts';
import { renderAdml } from '../../../build/generate/windows/adml.ts';
import { renderAdmx } from '../../../build/generate/windows/admx.ts';
import { proves } from '../../requirement.ts';
import { everyKind, isThere, realSource } from './fixture.ts';

const schema = join(import.meta.dirname, 'policy-definitions.xsd');
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-admx-'));
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

/** What xmllint says; undefined where the text is valid. */
async function faultsOf(text: string): Promise<string | undefined> {
  const file = join(dir, 'one.xml');
  await writeFile(file, text);
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', schema, file], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr;
}

const named = (text: string, what: string): readonly string[] =>
  [...text.matchAll(new RegExp(`\\$\\(${what}\\.([^)]*)\\)`, 'g'))].map(([, id]) => id ?? '');
const idsOf = (text: string, element: string): readonly string[] =>
  [...text.matchAll(new RegExp(`<${element} id="([^"]*)"`, 'g'))].map(([, id]) => id ?? '');

describe.each<[string, () => Promise<Source>]>([
  ['the real table', realSource],
  ['a table of every kind', async () => everyKind],
])('for %s', (_name, sourceOf) => {
  test('both files are valid', async ({ skip }) => {
    proves('generate.admx-valid', {
      file: 'build/generate/windows/admx.ts',
      find: "class: 'Machine',",
      replace: "class: 'Computer',",
    });
    if (!isThere('xmllint')) skip('there is no xmllint');
    const source = await sourceOf();
    expect(await faultsOf(renderAdmx(source))).toBeUndefined();
    expect(await faultsOf(renderAdml(source))).toBeUndefined();
  });

  test('every string and presentation that is named is there, and none that is not named', async () => {
    proves('generate.admx-resolved', {
      file: 'build/generate/windows/adml.ts',
      find: '...formOf(setting).strings(setting),',
      replace: '',
    });
    const source = await sourceOf();
    const [admx, adml] = [renderAdmx(source), renderAdml(source)];
    for (const [what, element] of [
      ['string', 'string'],
      ['presentation', 'presentation'],
    ] as const) {
      const [wanted, given] = [named(admx, what), idsOf(adml, element)];
      expect([...new Set(wanted)].toSorted(), what).toEqual(given.toSorted());
      expect(given.every((id) => /^[a-zA-Z0-9_]+$/.test(id))).toBe(true);
    }
    // each field of a window belongs to an element of the policy with the same id
    const fields = [...adml.matchAll(/refId="([^"]*)"/g)].map(([, id]) => id);
    expect(fields).toEqual([...admx.matchAll(/<(?:text|multiText|decimal|enum) id="([^"]*)"/g)].map(([, id]) => id));
  });

  test('every setting is one policy that writes the value of its own name', async () => {
    const source = await sourceOf();
    const admx = renderAdmx(source);
    const names = source.settings.map(({ name }) => name);
    expect([...admx.matchAll(/<policy name="([^"]*)"/g)].map(([, name]) => name)).toEqual(names);
    expect([...admx.matchAll(/valueName="([^"]*)"/g)].map(([, name]) => name)).toEqual(names);
  });
});

test.each([
  ['a reference to no category', 'parentCategory ref="Drawbridge"', 'parentCategory ref="Other"'],
  ['an id with a hyphen', 'id="AString"', 'id="A-String"'],
  ['the same policy twice', '<policy name="AUrl"', '<policy name="AString"'],
  ['a number that no REG_DWORD holds', 'maxValue="10"', 'maxValue="4294967296"'],
])('the schema refuses %s', async (_what, find, replace) => {
  const text = renderAdmx(everyKind);
  expect(text).toContain(find);
  if (isThere('xmllint')) expect(await faultsOf(text.replace(find, replace))).toMatch(/fails to validate/);
});
