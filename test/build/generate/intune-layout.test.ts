// The patterns by which the discovery script for Windows tells a file as an agent writes it. There is no PowerShell here, so its short loop around them stands here
// once more; that the script runs is not shown by this.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { root } from './fixture.ts';
import { ada, openPlace, tell } from './puller-fixture.ts';

let opens: RegExp;
let fits: RegExp;
beforeAll(async () => {
  const script = await readFile(join(root, 'build/profile/puller/intune-discovery-windows.ps1'), 'utf8');
  const part = (name: string): string => new RegExp(`\\$${name} = '(.*)'`).exec(script)?.[1] ?? '';
  const pattern = (shape: RegExp): RegExp => {
    const filled = (shape.exec(script)?.[1] ?? '').replaceAll(/\$\{(\w+)\}/g, (_, name: string) => part(name));
    return new RegExp(filled.replaceAll(String.raw`\z`, '$'));
  };
  opens = pattern(/-cmatch "(\^\$\{member\}.*?)"\)/);
  fits = pattern(/-cnotmatch "(.*)"\)/);
});

function isAsWritten(text: string): boolean {
  let depth = 0;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const rest = line.replace(/^ */, '');
    if (/^[}\]],?$/.test(rest)) depth--;
    if (line.length - rest.length !== 2 * depth) return false;
    if (opens.test(rest)) depth++;
    else if (!fits.test(rest)) return false;
  }
  return depth === 0;
}

test('a file as an agent writes it has the layout, and one that was written in another way has not', async () => {
  const place = await openPlace();
  onTestFinished(() => place.close());
  const file = await place.own('linux', 'ada', ada);
  await tell(file, ada, {
    news: { findings: [{ code: 'direct_stdio', host: 'codex', path: '~/ü "x" \\ \u0001', detail: '😀' }] },
  });
  const text = await readFile(file, 'utf8');
  expect(isAsWritten(text)).toBe(true);
  const others = [
    '',
    'compliant\n',
    text.slice(0, 900),
    `\uFEFF${text}`,
    text.replaceAll('\n', '\r\n'),
    JSON.stringify(JSON.parse(text)),
    text.replace(/,\n {2}"sequence"/, ', "sequence"'),
    text.replace('  "sequence"', '   "sequence"'),
    text.replace('"gateway": {', '"gateway: {'),
    text.replaceAll('"', "'"),
    text.replace(/"sequence": \d+/, '"sequence": 01'),
    text.replace('{\n', '{\n  // said by nobody\n'),
  ];
  expect(others.map(isAsWritten)).toEqual(others.map(() => false));
});

test('whatever stands in its strings and numbers', () => {
  const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null));
  const value = fc.dictionary(
    fc.stringMatching(/^[a-z_]+$/),
    fc.oneof(leaf, fc.array(leaf), fc.array(fc.dictionary(fc.constant('k'), leaf))),
  );
  fc.assert(fc.property(value, (of) => isAsWritten(JSON.stringify({ a: 1, ...of }, undefined, 2))));
});
