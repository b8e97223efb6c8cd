// Calls that wait for their host: how many, how long, and what is left of them when nobody comes.
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import type { AllowedCall, Audience, HostAnswer, Identified } from '../../../gateway/call.ts';
import { readMessage, type RequestMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { beginRecord } from '../../../gateway/pipeline/draft.ts';
import type { Turn } from '../../../gateway/pipeline/held-call.ts';
import { answersOf, Parking, type ParkingDeps } from '../../../gateway/pipeline/parking.ts';
import { createRequestStates } from '../../../gateway/pipeline/request-state.ts';
import { goOn } from '../../../gateway/pipeline/round.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import type { Reply, Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';

const ada = UserId.parse(newId());
const form = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } };
const asking = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: form }));

function requested(body: object = {}): { request: Identified; message: RequestMessage } {
  const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
  const params = { name: 'book', arguments: {}, ...body, _meta };
  const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
  const message = readMessage(bytes);
  if (message.kind !== 'request') throw new Error('not a request');
  const eng = Slug.parse('eng');
  const caller = {
    user: { id: ada, slug: Slug.parse('ada') },
    host: 'codex',
    token: null,
    gateway: eng,
    via: 'http' as const,
    workstation: null,
  };
  const request = {
    era: 'modern',
    method: 'tools/call',
    target: { gateway: eng, server: undefined },
    body: bytes,
    caller,
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  } as const satisfies Identified;
  return { request, message };
}

function lot(more: Partial<ParkingDeps> = {}) {
  const records: AuditRecord[] = [];
  const parking = new Parking({
    recorder: { append: (record) => (records.push(record), Promise.resolve()), close: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    relay: (question, host, signal) => host.pose(question, signal),
    mayStay: () => Promise.resolve(),
    ...more,
  });
  return {
    parking,
    records,
    given: () => records.flatMap((one) => (one.kind === 'event' && one.event === 'call_given_up' ? [one] : [])),
  };
}

/** A call whose server asks once and answers with what it was told. */
function begin(parking: Parking, isSlow = false) {
  const { request, message } = requested();
  const host = { audience: undefined, progressToken: undefined, signal: new AbortController().signal };
  const held = parking.hold(request, message, host);
  if (!held) throw new Error('it can not be asked');
  const cancelled = Promise.withResolvers<void>();
  held.signal.addEventListener('abort', () => cancelled.resolve());
  // What upstream sees of a call that was allowed.
  const call = {
    ...request,
    assignment: { server: { id: newId(), slug: 'travel' }, gateway: { id: newId(), slug: 'eng' } },
    item: { kind: 'tools', name: 'book' },
    audience: held as Audience,
  } as unknown as AllowedCall;
  const question = { call, workstation: null, method: 'elicitation/create', body: asking, onProgress: () => undefined };
  const ask = () => held.ask(question, held.signal);
  const told = ask();
  const answer: Promise<Reply> = Promise.all([told, isSlow ? cancelled.promise : undefined]).then(([{ body }]) => {
    if (isSlow) throw new Fault('CANCELLED');
    const response = readMessage(body);
    if (response.kind !== 'response') throw new Error('not a response');
    return { body, message: response };
  });
  held.begin(answer);
  return { held, call, told, ask, cancelled: cancelled.promise, turn: () => held.turn(host) };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );
const asked = (turn: Turn) => (turn.kind === 'asked' ? turn.questions.map(({ key }) => key) : []);

test('what nobody comes back for in time is cancelled at its server, told so, and on record; its state counts no more', async () => {
  proves('edge.parked-bounded', {
    file: 'gateway/pipeline/held-call.ts',
    find: 'this.#timer = setTimeout(() => this.#deps.onForgotten(this), this.#deps.waitMs);',
    replace: '',
  });
  const { parking, given } = lot({ waitMs: 50 });
  const { held, told, cancelled, turn } = begin(parking);
  const rejected = codeOf(told);
  expect(asked(await turn())).toEqual(['question-1']);
  await cancelled;
  expect(await rejected).toBe('HOST_SILENT');
  expect(given()).toMatchObject([{ code: 'HOST_SILENT', detail: { call: held.id, server: 'travel', item: 'book', rounds: 1 } }]);
  expect(() => parking.find({ call: held.id, round: 1 })).toThrow(expect.objectContaining({ code: 'STATE_USED' }));
  expect(parking.size).toBe(0);
});

test('a user may have only so many, and all together; the server that asks beyond that is told', async () => {
  proves('edge.parked-bounded', {
    file: 'gateway/pipeline/parking.ts',
    find: '[...this.#parked.values()].filter(isOwn).length >= perUser',
    replace: 'false',
  });
  const { parking } = lot({ limits: { perUser: 2 } });
  const calls = [begin(parking), begin(parking)];
  for (const { turn } of calls) expect(asked(await turn())).toEqual(['question-1']);
  expect(await codeOf(begin(parking).turn())).toBe('BUSY');
  await parking.close();
  const small = lot({ limits: { bytes: asking.length + requested().request.body.length + 60 } });
  const first = begin(small.parking);
  await first.turn();
  expect(await codeOf(begin(small.parking).turn())).toBe('BUSY');
  first.held.answer(answersOf(...answering({ 'question-1': { action: 'decline' } })));
  expect((await first.turn()).kind).toBe('replied');
  small.parking.forget(first.held);
  expect(asked(await begin(small.parking).turn())).toEqual(['question-1']);
  await small.parking.close();
});

test('when the gateway server stops, what waits is given up at both sides, and nothing begins to wait', async () => {
  const { parking, given } = lot();
  const { told, cancelled, turn } = begin(parking);
  const rejected = codeOf(told);
  await turn();
  await parking.close();
  await cancelled;
  expect(await rejected).toBe('STOPPING');
  expect(given()).toMatchObject([{ code: 'STOPPING' }]);
  expect(await codeOf(begin(parking).turn())).toBe('STOPPING');
});

describe('what changes while a call waits', () => {
  /** A lot for calls that are refused from when the test says so, and how many were. */
  function changing(isRefused: (call: AllowedCall) => boolean = () => true) {
    let isChanged = false;
    const refusal = new Fault('TOOL_NOT_PROVISIONED', { name: 'book' });
    const of = lot({ mayStay: (call) => (isChanged && isRefused(call) ? Promise.reject(refusal) : Promise.resolve()) });
    const change = () => {
      isChanged = true;
      of.parking.review();
    };
    return { ...of, change };
  }

  test('ends it at once where it is allowed no more: at its server, on record, and for its retry', async () => {
    proves('edge.parked-reviewed', {
      file: 'gateway/pipeline/parking.ts',
      find: 'if (reason && held.isWaiting && this.#parked.has(held.id)) await this.#giveUp(held, reason);',
      replace: '',
    });
    const refused = new Set<AllowedCall>();
    const { parking, given, change } = changing((call) => refused.has(call));
    const [gone, kept] = [begin(parking), begin(parking)];
    refused.add(gone.call);
    const rejected = codeOf(gone.told);
    await Promise.all([gone.turn(), kept.turn()]);
    change();
    await gone.cancelled;
    expect(await rejected).toBe('TOOL_NOT_PROVISIONED');
    await expect.poll(given).toHaveLength(1);
    expect(given()).toMatchObject([{ code: 'TOOL_NOT_PROVISIONED', detail: { call: gone.held.id, rounds: 1 } }]);
    expect(() => parking.find({ call: gone.held.id, round: 1 })).toThrow(expect.objectContaining({ code: 'STATE_USED' }));
    expect(parking.find({ call: kept.held.id, round: 1 }).held).toBe(kept.held);
    expect(parking.size).toBe(1);
    await parking.close();
  });

  test('is said to the host that was about to be asked', async () => {
    const { parking, change } = changing();
    const { held, turn } = begin(parking);
    const ended = codeOf(turn());
    await expect.poll(() => held.isWaiting).toBe(true);
    change();
    expect(await ended).toBe('TOOL_NOT_PROVISIONED');
    expect(parking.size).toBe(0);
  });

  test('leaves a round that is under way alone, and refuses what its server asks next', async () => {
    proves('edge.parked-reviewed', {
      file: 'gateway/pipeline/parking.ts',
      find: 'if (reason) throw reason;',
      replace: '',
    });
    const { parking, given, change } = changing();
    const { held, ask, turn } = begin(parking, true);
    await turn();
    held.answer(answersOf(...answering({ 'question-1': { action: 'decline' } })));
    const second = codeOf(turn());
    change();
    expect(await codeOf(ask())).toBe('TOOL_NOT_PROVISIONED');
    expect([held.signal.aborted, given()]).toEqual([false, []]);
    held.giveUp(new Fault('CANCELLED'));
    parking.forget(held);
    expect(await second).toBe('CANCELLED');
  });
});

test('a retry that comes before the call was looked at again goes to no server that is at another address by now', async () => {
  const { parking, given } = lot();
  const { held, call, cancelled, told, turn } = begin(parking);
  const rejected = codeOf(told);
  await turn();
  const [request, message] = answering({ 'question-1': { action: 'accept', content: { name: 'Ada' } } });
  const assignment = { ...call.assignment, remote: { url: 'https://elsewhere.example.org/mcp' } };
  const round = {
    // As policy allowed it by now: only decide.ts makes one, and what it would say here is the address.
    call: { ...request, assignment, item: call.item } as unknown as AllowedCall,
    message,
    sent: message,
    draft: beginRecord(request, request.method, request),
    host: { audience: undefined, progressToken: undefined, signal: new AbortController().signal },
  };
  const deps = { parking, states: createRequestStates(createSeal(Buffer.alloc(32), 'test')), upstream: {} as Upstream };
  expect(await codeOf(goOn(deps, { call: held.id, round: 1 }, round))).toBe('STATE_USED');
  await cancelled;
  expect(await rejected).toBe('UPSTREAM_MOVED');
  expect(given()).toMatchObject([{ code: 'UPSTREAM_MOVED' }]);
});

test('an answer that came while nobody was there is what the next retry gets', async () => {
  const { parking } = lot();
  const { held, turn } = begin(parking);
  await turn();
  held.answer(answersOf(...answering({ 'question-1': { action: 'accept', content: { name: 'Ada' } } })));
  await new Promise(setImmediate);
  const second = await turn();
  expect(second.kind === 'replied' && second.reply.body.toString()).toContain('"Ada"');
});

test('an answer that came while nobody was there, and for which there is no room, is not kept', async () => {
  const { parking } = lot({ limits: { bytes: asking.length + requested().request.body.length + 60 } });
  const { held, turn } = begin(parking);
  await turn();
  const content = { name: 'x'.repeat(asking.length + 100) };
  held.answer(answersOf(...answering({ 'question-1': { action: 'accept', content } })));
  await new Promise(setImmediate);
  expect(await codeOf(turn())).toBe('BUSY');
  parking.forget(held);
  const next = begin(parking);
  expect(asked(await next.turn())).toEqual(['question-1']);
  await parking.close();
});

test('a question of a call that is over takes no place', async () => {
  const { parking } = lot();
  const { held, ask, turn } = begin(parking);
  await turn();
  held.giveUp(new Fault('CANCELLED'));
  parking.forget(held);
  expect(await codeOf(ask())).toBe('CANCELLED');
  expect(parking.size).toBe(0);
});

test('a question that can not be put on record is not put', async () => {
  const { parking } = lot({
    recorder: { append: () => Promise.reject(new Fault('AUDIT_UNAVAILABLE')), close: () => Promise.resolve() },
  });
  expect(await codeOf(begin(parking).turn())).toBe('AUDIT_UNAVAILABLE');
});

function answering(inputResponses: object): [Identified, RequestMessage] {
  const { request, message } = requested({ inputResponses });
  return [request, message];
}

test('the answers of a retry are the host’s own bytes, and anything but objects is refused', () => {
  const wide = { a: { action: 'accept', content: { n: 1.0, ü: '\u2028' } }, b: {} };
  const answers = answersOf(...answering(wide));
  const told = ({ body }: HostAnswer) => (JSON.parse(body.toString()) as { result: unknown }).result;
  expect(Object.fromEntries([...answers].map(([key, answer]) => [key, told(answer)]))).toEqual(wide);
  for (const odd of [[], null, 'x', 7, { a: 1 }, { a: null }, { a: [] }])
    expect(() => answersOf(...answering(odd as object))).toThrow(expect.objectContaining({ code: 'INVALID_PARAMS' }));
});

test('a retry that answers more than a call may ask, or one question twice, is refused before its answers are read', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`question-${index}`, {}]));
  for (const odd of [many, { a: {}, A: {} }])
    expect(() => answersOf(...answering(odd))).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
});
