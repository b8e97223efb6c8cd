// What is left of a message that is kept redacted.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { compileRules } from '../../../gateway/rule/compile.ts';
import { compileCaptures } from '../../../gateway/rule/mask.ts';
import { proves } from '../../requirement.ts';
import { compileDeps } from './stage.ts';

async function capturing(rules: readonly object[] = [], capture = 'redacted') {
  const policy = PolicyFile.parse({ version: 1, gateways: { eng: { rules, capture }, other: {} } });
  const captures = await compileCaptures(policy, await compileRules(policy, compileDeps), compileDeps);
  const eng = captures?.get('eng');
  if (!captures || !eng) throw new Error('nothing is captured');
  return { captures, eng, mask: (body: string, limit = 10_000) => eng.mask(Buffer.from(body), limit) };
}

test('only gateways whose policy says so capture, and a policy without one has nothing to look for', async () => {
  expect([...(await capturing()).captures.keys()]).toEqual(['eng']);
  expect(
    await compileCaptures(PolicyFile.parse({ version: 1, gateways: { eng: { capture: 'off' } } }), new Map(), compileDeps),
  ).toBeUndefined();
});

test('what is found is put aside in strings, keys and numbers, and all else stays byte for byte', async () => {
  const { mask } = await capturing();
  const body = '{ "ada@example.org": [1, "a\\u0064a@example.org", 4111111111111111], "x" : true,\n"y":"\\u00e4" }';
  expect(await mask(body)).toEqual({
    text: '{ "<EMAIL_ADDRESS>": [1, "<EMAIL_ADDRESS>", "<CREDIT_CARD>"], "x" : true,\n"y":"\\u00e4" }',
    isCut: false,
  });
});

test('of two findings that overlap nothing is left', async () => {
  proves('capture.overlaps-are-masked', {
    file: 'gateway/rule/mask.ts',
    find: 'else if (match.end > last.end) whole[whole.length - 1] = { ...last, end: match.end };',
    replace: '',
  });
  const overlapping = [
    { name: 'a', method: 'pattern', patterns: ['left-middle'], action: 'redact' },
    { name: 'b', method: 'pattern', patterns: ['middle-right'], action: 'block' },
    { name: 'c', method: 'pattern', patterns: ['harmless'], action: 'alert' },
  ];
  const { mask } = await capturing(overlapping);
  expect((await mask('{"t":"left-middle-right, harmless"}')).text).toBe('{"t":"<PATTERN>, harmless"}');
});

test('what stands where the text is cut is put aside whole, wherever the cut falls', async () => {
  proves('capture.cut-hides-whole', {
    file: 'gateway/rule/mask.ts',
    find: 'const looked = leaf.text.slice(0, bytes + slack);',
    replace: 'const looked = leaf.text.slice(0, bytes);',
  });
  const { mask } = await capturing();
  const secret = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';
  for (let limit = 1; limit < 120; limit++) {
    const body = `{"t":"my token is ${secret}, and more words after it","n":"ada@example.org"}`;
    const { text, isCut } = await mask(body, limit);
    expect(text).not.toMatch(/ghp_|ada@/);
    expect(isCut).toBe(limit < body.length);
  }
});

test('whatever the message, its masked text is JSON unless it is cut', async () => {
  const { mask } = await capturing();
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.integer({ min: 0, max: 200 }), async (body, limit) => {
      const whole = await mask(body);
      expect(whole.isCut).toBe(false);
      JSON.parse(whole.text);
      expect((await mask(body, limit)).isCut).toBe(Buffer.byteLength(body) > limit);
    }),
  );
});

test('calls go on while a large message is looked through, whose time is its own', async () => {
  proves('capture.masked-in-slices', {
    file: 'gateway/rule/mask.ts',
    find: 'if (paused) await time.rest(paused);',
    replace: '',
  });
  const { mask } = await capturing();
  let [turns, isOver] = [0, false];
  const others = (async () => {
    // Twice as long as the message may take.
    for (; !isOver; turns++) {
      const until = performance.now() + (turns < 2 ? 250 : 0);
      while (performance.now() < until);
      await new Promise(setImmediate);
    }
  })();
  const numbers = Array.from({ length: 1500 }, (_, index) => `call +1 202-555-${String(1000 + index)}`);
  const masked = await mask(JSON.stringify(numbers), 256 * 1024);
  isOver = true;
  await others;
  expect(turns).toBeGreaterThan(1);
  expect([masked.isCut, masked.text.includes('202-555')]).toEqual([false, false]);
});
