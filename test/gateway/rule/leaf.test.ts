// Which texts of a message are seen, as what they read, and under which pointer.
import { expect, test } from 'vitest';
import { leavesOf, memberNameOf, pointerOf } from '../../../gateway/rule/leaf.ts';
import { proves } from '../../requirement.ts';

function seen(json: string): [string, string, string][] {
  const body = Buffer.from(json);
  return leavesOf(body, { start: 0, end: body.length }).leaves.map((leaf): [string, string, string] => [
    leaf.kind,
    pointerOf(leaf),
    leaf.text,
  ]);
}

test('texts, keys and long numbers are seen with their pointers, each once', () => {
  expect(seen('{"a":{"b":["x",{"c" : "y"}],"n":4111111111111111,"s":12},"e":""}')).toEqual([
    ['key', '', 'a'],
    ['key', '/a', 'b'],
    ['string', '/a/b/0', 'x'],
    ['key', '/a/b/1', 'c'],
    ['string', '/a/b/1/c', 'y'],
    ['key', '/a', 'n'],
    ['number', '/a/n', '4111111111111111'],
    ['key', '/a', 's'],
    ['key', '', 'e'],
  ]);
});

test('what a text is called is short, however long its message says it, and says no less than others beside it', () => {
  proves('rule.names-short', {
    file: 'gateway/rule/leaf.ts',
    find: 'const own = text.slice(0, nameLength).replaceAll(',
    replace: 'const own = text.replaceAll(',
  });
  const namesIn = (value: object) => {
    const body = Buffer.from(JSON.stringify(value));
    const { leaves } = leavesOf(body, { start: 0, end: body.length });
    return leaves.filter(({ text }) => text === 'it').map(memberNameOf);
  };
  const long = 'a\n'.repeat(100_000);
  expect(namesIn({ name: 'ada', values: ['it'], field: 'password' })).toEqual(['ada\npassword']);
  for (const value of [{ name: long, field: 'password', values: ['it'] }, { [`${long}password`]: ['it', { value: 'it' }] }])
    for (const name of namesIn(value)) {
      expect(name.length).toBeLessThan(1000);
      expect(name.split('\n').at(-1)).toBe('password');
    }
});

test('an escaped text reads as what it says', () => {
  proves('rule.escapes', {
    file: 'gateway/rule/leaf.ts',
    find: "if (!written.includes('\\\\')) return",
    replace: 'if (body.length > 0) return',
  });
  expect(seen('{"\\u0041b":"\\u0041KIA\\n\\"q\\" \\ud83d\\ude00"}')).toEqual([
    ['key', '', 'Ab'],
    ['string', '/Ab', 'AKIA\n"q" 😀'],
  ]);
});

test('a number reads as its digits, however it is written', () => {
  expect(seen('[4.111111111111111e15,-123456,1e7,0.12345678901234567]').map(([, , text]) => text)).toEqual([
    '4111111111111111',
    '-123456',
    '10000000',
    '0.12345678901234567',
  ]);
});

test('pictures in base64 are left out, and nothing else that stands in their place', () => {
  const base64 = 'aGVs'.repeat(200);
  const picture = `{"type":"image","data":"${base64}","mimeType":"image/png"}`;
  expect(seen(picture).some(([, pointer]) => pointer === '/data')).toBe(false);
  // A short one could be a key.
  expect(seen('{"type":"image","data":"AKIAZ7QH3MNPWLK5RT2X"}')).toContainEqual(['string', '/data', 'AKIAZ7QH3MNPWLK5RT2X']);
  const words = 'plain words '.repeat(60);
  expect(seen(`{"data":"${words}","type":"image"}`)).toContainEqual(['string', '/data', words]);
  expect(seen(`{"type":"text","data":"${base64}"}`)).toContainEqual(['string', '/data', base64]);
  expect(seen(`{"uri":"a:b","blob":"${base64}"}`).some(([, pointer]) => pointer === '/blob')).toBe(false);
  // What can be read by people is no picture, and what somebody calls one in an argument is an argument.
  const written = '523-45-6789_'.repeat(60);
  expect(seen(`{"blob":"${written}"}`)).toContainEqual(['string', '/blob', written]);
  expect(seen(`{"arguments":{"blob":"${base64}"}}`)).toContainEqual(['string', '/arguments/blob', base64]);
});

test('a key that could be content is not told by a pointer', () => {
  proves('rule.pointer-tells-nothing', {
    file: 'gateway/rule/leaf.ts',
    find: "return isName ? key : '?';",
    replace: 'return key;',
  });
  const pointers = seen('{"ada@example.org":{"123-45-6789":["x"]},"inputSchema":{"user_id":"y"}}').map(([, pointer]) => pointer);
  expect(pointers).toContain('/?/?/0');
  expect(pointers).toContain('/inputSchema/user_id');
  expect(JSON.stringify(pointers)).not.toContain('ada');
  expect(JSON.stringify(pointers)).not.toContain('6789');
});
