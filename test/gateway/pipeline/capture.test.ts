// What a gateway keeps of what is asked and answered: a whole pipeline with servers that say what the test makes them say.
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { besideMessages, payloadBytes } from '#contract/payload.ts';
import type { AllowedCall } from '../../../gateway/call.ts';
import { overwrite } from '../../../gateway/mcp/span.ts';
import type { Engines } from '../../../gateway/rule/engine.ts';
import { proves } from '../../requirement.ts';
import { inTheClear, played } from './ruled.ts';

const ssn = '523-45-6789';
const address = 'ada@example.org';
const secret = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';
const redacts = { name: 'no-ssn', method: 'pii', types: ['US_SSN'], action: 'redact' };
const says = (text: string) => ({ result: { content: [{ type: 'text', text }] } });
const saves = (text: string) => ({ name: 'notes__save', arguments: { text } });

const tells = (call: AllowedCall, text: string) =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: text } }));

test('where nothing is captured, nothing is kept and the record says nothing of it', async () => {
  const { kept, record } = await played({ rules: [], params: saves(ssn), answer: says(address) });
  expect(kept).toEqual([]);
  expect(record).not.toHaveProperty('captured');
});

test('full keeps what was asked and what was answered, and the record names the hash of each', async () => {
  proves('capture.record-stands-for-it', {
    file: 'gateway/pipeline/capture.ts',
    find: "const hashOf = (direction: PayloadDirection) => hash('sha256', texts.get(direction) ?? '');",
    replace: "const hashOf = (direction: PayloadDirection) => hash('sha256', direction);",
  });
  const { kept, payloads, record } = await played({
    rules: [],
    capture: 'full',
    params: saves(ssn),
    answer: says(`it is ${secret}`),
  });
  const of = (direction: string) => kept.find((one) => one.direction === direction);
  expect(record?.captured).toEqual({
    mode: 'full',
    request: hash('sha256', of('request')?.sealed ?? ''),
    response: hash('sha256', of('response')?.sealed ?? ''),
  });
  expect(kept.every((one) => one.record === record?.id && one.at === record.at)).toBe(true);
  const [asked] = payloads.get('request')?.messages ?? [];
  expect(asked).toMatchObject({ what: 'asked', isCut: false });
  expect(JSON.parse(asked?.text ?? '')).toMatchObject({ method: 'tools/call', params: saves(ssn) });
  const [answered] = payloads.get('response')?.messages ?? [];
  expect(answered?.what).toBe('answered');
  expect(JSON.parse(answered?.text ?? '')).toMatchObject(says(`it is ${secret}`));
  expect(JSON.stringify(record)).not.toContain('6789');
});

test('full keeps what was asked as it came, though it is written over on its way to the server', async () => {
  proves('capture.asked-as-it-came', {
    file: 'gateway/pipeline/capture.ts',
    find: 'messages.push(came ?? (await askedOf(how, flow, request)));',
    replace: 'messages.push(await askedOf(how, flow, request));',
  });
  const { payloads } = await played({
    rules: [],
    capture: 'full',
    params: saves(address),
    meanwhile: ({ body }) => {
      const start = body.indexOf('"notes__save"');
      overwrite(body, [{ span: { start, end: start + '"notes__save"'.length }, by: '"save"' }]);
    },
  });
  expect(JSON.parse(payloads.get('request')?.messages[0]?.text ?? '')).toMatchObject({ params: saves(address) });
});

test('the same call has another hash each time, so that a hash gives nothing away', async () => {
  proves('capture.hash-tells-nothing', {
    file: 'gateway/pipeline/capture.ts',
    find: "randomBytes(16).toString('base64url')",
    replace: "'none'",
  });
  const hashes = await Promise.all(
    [1, 2].map(async () => (await played({ rules: [], capture: 'full', params: saves(ssn) })).record?.captured?.request),
  );
  expect(new Set(hashes).size).toBe(2);
});

test('full keeps both sides of what a rule changes, and what it blocks', async () => {
  const changed = await played({ rules: [redacts], capture: 'full', params: saves(ssn), answer: says(`it is ${ssn}`) });
  const [asked, sent] = changed.payloads.get('request')?.messages ?? [];
  expect([asked?.what, sent?.what]).toEqual(['asked', 'sent']);
  expect(asked?.text).toContain(ssn);
  expect(sent?.text).toContain('[REDACTED]');
  const [replied, answered] = changed.payloads.get('response')?.messages ?? [];
  expect([replied?.what, answered?.what]).toEqual(['replied', 'answered']);
  expect(replied?.text).toContain(ssn);
  expect(answered?.text).not.toContain(ssn);
  const blocked = await played({ rules: [{ ...redacts, on: 'response', action: 'block' }], capture: 'full', answer: says(ssn) });
  expect(blocked.payloads.get('response')?.messages.map(({ what, text }) => [what, text?.includes(ssn)])).toEqual([
    ['replied', true],
    ['answered', false],
  ]);
});

test('redacted keeps nothing that looks like a secret or personal data, also where no rule is in force', async () => {
  proves('capture.redacted-is-masked', {
    file: 'gateway/pipeline/capture.ts',
    find: "if (how.mode === 'redacted') return { what, at, bytes: body.length, ...(await how.mask(body, limit)) };",
    replace: '',
  });
  const { payloads, forwarded } = await played({
    rules: [],
    capture: 'redacted',
    params: saves(`${ssn} is of ${address}`),
    answer: says(`the token is ${secret}, of https://example.org/a`),
    meanwhile: (call, screen) => screen.notification(call, tells(call, `looking up ${address}`), () => undefined),
  });
  expect(JSON.stringify(forwarded)).toContain(ssn);
  const text = JSON.stringify([...payloads]);
  for (const one of [ssn, address, secret]) expect(text).not.toContain(one);
  expect(payloads.get('request')?.messages[0]?.text).toContain('<US_SSN> is of <EMAIL_ADDRESS>');
  expect(payloads.get('response')?.messages.map(({ what }) => what)).toEqual(['told', 'answered']);
  expect(payloads.get('response')?.messages[1]?.text).toContain('the token is <SECRET>, of https://example.org/a');
});

test('redacted keeps a request as the rules let it go on, and of one that they block that it was there', async () => {
  proves('capture.blocked-is-not-kept', {
    file: 'gateway/pipeline/flow.ts',
    find: "() => (flow.went = 'blocked'),",
    replace: '() => undefined,',
  });
  const pattern = { name: 'number', method: 'pattern', patterns: ['K-\\d+'] };
  const changed = await played({ rules: [{ ...pattern, action: 'redact' }], capture: 'redacted', params: saves('of K-77') });
  expect(changed.payloads.get('request')?.messages[0]?.text).toContain('of [REDACTED]');
  const engines: Engines = {
    judge: () => Promise.resolve({ kind: 'block' }),
    analyze: () => Promise.reject(new Error('nobody asks')),
  };
  const judged = [{ name: 'judge', method: 'webhook', engine: 'own', on: 'request' }];
  const blocked = await played({ rules: judged, engines, capture: 'redacted', params: saves('what only an engine knows') });
  expect(blocked.code).toBe('RULE_BLOCKED');
  expect(blocked.payloads.get('request')?.messages).toEqual([
    { what: 'asked', at: expect.any(Number), bytes: expect.any(Number), isCut: false, left: 'blocked' },
  ]);
});

test('redacted masks what the rules of its gateway would, in a request that is refused before they look; where an engine would have, it is not kept', async () => {
  proves('capture.refused-is-masked-too', {
    file: 'gateway/pipeline/capture.ts',
    find: "if (went === undefined && how.isJudgedElsewhere) return left('unseen');",
    replace: '',
  });
  const pattern = { name: 'number', method: 'pattern', patterns: ['K-\\d+'], action: 'redact' };
  const params = { name: 'nowhere__save', arguments: { text: `K-77 of ${address}` } };
  const refused = await played({ rules: [pattern], capture: 'redacted', params });
  expect(refused.code).toBe('TOOL_UNKNOWN');
  expect(refused.payloads.get('request')?.messages[0]?.text).toContain('<PATTERN> of <EMAIL_ADDRESS>');
  const judged = [{ name: 'judge', method: 'webhook', engine: 'own' }];
  const unseen = await played({ rules: judged, capture: 'redacted', params });
  expect(unseen.payloads.get('request')?.messages).toMatchObject([{ what: 'asked', left: 'unseen' }]);
  expect(JSON.stringify([...unseen.payloads])).not.toContain('K-77');
});

test('progress, questions to the host and its answers are kept, within a bound that is said', async () => {
  const { payloads, answer } = await played({
    rules: [],
    capture: 'full',
    async meanwhile(call, screen) {
      for (let said = 0; said < besideMessages + 5; said++)
        screen.notification(call, tells(call, `step ${said}`), () => undefined);
      const body = Buffer.from(
        JSON.stringify({
          jsonrpc: '2.0',
          id: 7,
          method: 'elicitation/create',
          params: { message: 'who?', requestedSchema: { type: 'object', properties: { who: { type: 'string' } } } },
        }),
      );
      const question = { call, workstation: null, method: 'elicitation/create', body, onProgress: () => undefined };
      await call.audience?.ask(question, AbortSignal.timeout(10_000));
    },
  });
  expect(answer.error).toBeUndefined();
  expect(payloads.get('response')?.messages.filter(({ what }) => what === 'told')).toHaveLength(besideMessages);
  // Five told, and the question.
  expect(payloads.get('response')?.beyond).toBe(6);
  expect(payloads.get('response')?.messages.at(-1)?.what).toBe('answered');
  expect(payloads.get('request')?.messages.map(({ what }) => what)).toEqual(['asked', 'answer']);
});

test('what is too long is cut, with its length and the hash of the whole', async () => {
  const { payloads } = await played({ rules: [], capture: 'full', params: saves('ä'.repeat(payloadBytes)) });
  const [asked] = payloads.get('request')?.messages ?? [];
  expect(asked?.isCut).toBe(true);
  expect(asked?.bytes).toBeGreaterThan(2 * payloadBytes);
  expect(asked?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(Buffer.byteLength(asked?.text ?? '')).toBeLessThanOrEqual(payloadBytes);
  expect(asked?.text?.endsWith('ä')).toBe(true);
});

test('a call whose payload can not be sealed is refused before it is made, and one that fails later is not answered', async () => {
  proves('capture.fails-closed', {
    file: 'gateway/pipeline/capture.ts',
    find: 'seal.then((made) => take(how, made, request), failed)',
    replace: 'seal.then((made) => take(how, made, request), () => undefined as never)',
  });
  const before = await played({
    rules: [],
    capture: 'full',
    seals: { current: () => Promise.reject(new Error('the vault has no key')), forget: () => undefined },
  });
  expect([before.code, before.forwarded]).toEqual(['CAPTURE_FAILED', []]);
  expect(before.record).toMatchObject({ code: 'CAPTURE_FAILED', decision: 'refused' });
  const seal = () => {
    throw new Error('no room');
  };
  const later = await played({
    rules: [],
    capture: 'full',
    answer: says('a secret'),
    seals: { current: () => ({ seal }), forget: () => undefined },
  });
  expect(later).toMatchObject({ code: 'CAPTURE_FAILED', record: { code: 'CAPTURE_FAILED', decision: 'failed' } });
  expect(JSON.stringify(later.answer)).not.toContain('a secret');
});

test('an answer does not wait forever for a payload that nobody commits: it is refused', async () => {
  const keep = () => new Promise<never>(() => undefined);
  const { code, answer } = await played({ rules: [], capture: 'full', answer: says('a secret'), keep, withinMs: 5 });
  expect(code).toBe('AUDIT_UNAVAILABLE');
  expect(JSON.stringify(answer)).not.toContain('a secret');
});

test('a call whose payload is lost on its way to the disk is not answered, is on record so, and the next one is sealed with a new key', async () => {
  let forgotten = 0;
  const keep = () => Promise.reject(new Fault('CAPTURE_FAILED'));
  const seals = { current: () => inTheClear, forget: () => void forgotten++ };
  const { code, answer } = await played({ rules: [], capture: 'full', answer: says('a secret'), keep, seals });
  expect([code, forgotten]).toEqual(['CAPTURE_FAILED', 1]);
  expect(JSON.stringify(answer)).not.toContain('a secret');
});
