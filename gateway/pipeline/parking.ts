// Which calls wait here for their host's answer to a question, and for how long. The rule: they are bounded in number, for each user and in all, and in
// bytes; each round's state is used once; who comes too late, or never, finds the call given up, and that is on record.
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { asFault, Fault } from '#contract/error.ts';
import { newId, newRecordId } from '#contract/id.ts';
import type { AllowedCall, HostAnswer, Identified, Question } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import { abilitiesOf } from '../mcp/ability.ts';
import { asksBack, nameShown } from '../mcp/feature.ts';
import { isObject, keysAtMost, paramSpan, readMessage, refuseDuplicates, type RequestMessage } from '../mcp/jsonrpc.ts';
import { membersOf } from '../mcp/span.ts';
import { HeldCall, type TurnHost } from './held-call.ts';
import { type Asked, recordOf } from './question.ts';
import type { Waiting } from './request-state.ts';
import { createReview } from './review.ts';

/** Tokens end by themselves: those who wait are looked at again. */
const reviewEveryMs = 25_000;
/** A person may think this long about a form, whichever era their host speaks. */
const waitMs = 600_000;
const limits = { perUser: 32, inAll: 2000, bytes: 64 * 1024 * 1024, rounds: 64 };
export type ParkingLimits = typeof limits;

export interface ParkingDeps {
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** Rejects with the Fault for which a call may wait no longer. */
  readonly mayStay: (call: AllowedCall) => Promise<void>;
  readonly relay: (question: Question, host: Asked, signal: AbortSignal) => Promise<HostAnswer>;
  readonly waitMs?: number;
  readonly limits?: Partial<ParkingLimits>;
}
/** A call that was asked something, and whose it is. */
interface Parked {
  readonly held: HeldCall;
  readonly call: AllowedCall;
  /** Of its request, and of an answer that nobody fetched yet. */
  bytes: number;
}

export class Parking {
  /** In ms. */
  readonly waitMs: number;
  readonly #deps: ParkingDeps;
  readonly #limits: ParkingLimits;
  readonly #parked = new Map<string, Parked>();
  readonly #timer: NodeJS.Timeout;
  /** Something changed: what may wait no longer is given up now, on record. */
  readonly review = createReview(
    () => [...this.#parked.values()],
    (one) => this.#reviewOne(one),
  );
  #bytes = 0;
  #isClosed = false;

  constructor(deps: ParkingDeps) {
    this.#deps = deps;
    this.waitMs = deps.waitMs ?? waitMs;
    this.#limits = { ...limits, ...deps.limits };
    this.#timer = setInterval(() => this.review(), reviewEveryMs).unref();
  }

  get size(): number {
    return this.#parked.size;
  }

  /** What holds the call of a request whose host may be asked in its course; undefined where it can be asked nothing, or not so. */
  hold(request: Identified, message: RequestMessage, host: TurnHost): HeldCall | undefined {
    if (request.era !== 'modern' || !asksBack(request.method)) return undefined;
    const abilities = abilitiesOf(request, message);
    const { form, url, sampling, roots } = abilities;
    if (!form && !url && !sampling && !roots) return undefined;
    return new HeldCall(
      {
        relay: this.#deps.relay,
        admit: (held, question) => this.#admit(held, question),
        keep: (held, bytes) => this.#keep(held, bytes),
        waitMs: this.waitMs,
        onForgotten: (held) =>
          void this.#giveUp(held, new Fault('HOST_SILENT', { method: request.method, seconds: this.waitMs / 1000 })),
      },
      abilities,
      host,
    );
  }

  /** The call that a retry goes on with. Throws STATE_USED. */
  find({ call, round }: Waiting): { readonly held: HeldCall; readonly call: AllowedCall } {
    const parked = this.#parked.get(call);
    if (!parked || parked.held.isUnderWay || parked.held.round !== round) throw new Fault('STATE_USED');
    if (round >= this.#limits.rounds) {
      void this.#giveUp(parked.held, new Fault('STATE_USED'));
      throw new Fault('STATE_USED');
    }
    return parked;
  }

  /** It is over, and nobody will ask for it any more. */
  forget(held: HeldCall): void {
    this.#bytes -= this.#parked.get(held.id)?.bytes ?? 0;
    this.#parked.delete(held.id);
  }

  /** The call that a retry would go on with may not: it is given up. */
  revoke({ call, round }: Waiting, reason: Fault): void {
    const held = this.#parked.get(call)?.held;
    if (held && !held.isUnderWay && held.round === round) void this.#giveUp(held, reason);
  }

  /** Gives up what waits, on record. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#parked.values()].map(({ held }) => this.#giveUp(held, new Fault('STOPPING'))));
  }

  /** A round that is under way is answered; where that asks again, the question is looked at by itself. */
  async #reviewOne({ held, call }: Parked): Promise<void> {
    const reason = await this.#refusal(call);
    if (reason && held.isWaiting && this.#parked.has(held.id)) await this.#giveUp(held, reason);
  }

  /** Doubt counts as a refusal. */
  async #refusal(call: AllowedCall): Promise<Fault | undefined> {
    try {
      await this.#deps.mayStay(call);
      return undefined;
    } catch (error) {
      const reference = newId();
      if (!(error instanceof Fault))
        this.#deps.logger.error({ err: error, reference }, 'nobody could say whether a call may wait');
      return asFault(error, reference);
    }
  }

  async #admit(held: HeldCall, question: Question): Promise<() => void> {
    const { call } = question;
    const { perUser, inAll, bytes } = this.#limits;
    const known = this.#parked.get(held.id);
    const size = question.body.length;
    const whole = size + (known ? 0 : call.body.length);
    const isOwn = (one: Parked) => one.call.caller.user.id === call.caller.user.id;
    if (this.#isClosed) throw new Fault('STOPPING');
    if (this.#bytes + whole > bytes) throw new Fault('BUSY', { what: 'answers of AI hosts' });
    if (!known && this.#parked.size >= inAll) throw new Fault('BUSY', { what: 'answers of AI hosts' });
    if (!known && [...this.#parked.values()].filter(isOwn).length >= perUser)
      throw new Fault('BUSY', { what: `answers of "${call.caller.user.slug}"` });
    if (!known) this.#parked.set(held.id, { held, call, bytes: call.body.length });
    this.#bytes += whole;
    const release = () => void (this.#bytes -= size);
    try {
      // What changed since the call was allowed counts for what its server asks now.
      const reason = await this.#refusal(call);
      if (reason) throw reason;
      await this.#deps.recorder.append(recordOf(question, newRecordId(Date.now()), 'asked', null, held.id));
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** An answer that came while no host was there. False where there is no room for it. */
  #keep(held: HeldCall, bytes: number): boolean {
    const parked = this.#parked.get(held.id);
    if (!parked || this.#bytes + bytes > this.#limits.bytes) return false;
    parked.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  async #giveUp(held: HeldCall, reason: Fault): Promise<void> {
    const parked = this.#parked.get(held.id);
    this.forget(held);
    held.giveUp(reason);
    if (!parked) return;
    try {
      await this.#deps.recorder.append(givenUp(parked, reason));
    } catch (error) {
      this.#deps.logger.error({ err: error, call: held.id }, 'that a call was given up could not be put on record');
    }
  }
}

/** What a retry answers, by key. Throws INVALID_PARAMS, INVALID_REQUEST. */
export function answersOf({ body, method }: Identified, { params }: RequestMessage): ReadonlyMap<string, HostAnswer> {
  const span = paramSpan(params, 'inputResponses');
  const value = params.value['inputResponses'];
  if (value === undefined || !span) return new Map();
  const invalid = (reason: string) => new Fault('INVALID_PARAMS', { method, reason });
  if (!isObject(value)) throw invalid('"inputResponses" must be an object');
  const members = membersOf(body, span.start, keysAtMost + 1);
  refuseDuplicates(members, '"inputResponses"');
  return new Map(
    members.map(({ key, value: { start, end } }) => {
      if (!isObject(value[key])) throw invalid(`the answer "${key.slice(0, 100)}" must be an object`);
      return [key, asResponse(body.subarray(start, end))];
    }),
  );
}

/** As a host of the legacy era answers. */
function asResponse(result: Buffer): HostAnswer {
  const body = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":0,"result":'), result, Buffer.from('}')]);
  const message = readMessage(body);
  if (message.kind !== 'response' || !message.idSpan) throw new Fault('INVALID_REQUEST', { reason: 'it is no response' });
  return { body, id: message.idSpan };
}

function givenUp({ held, call }: Parked, { code }: Fault): EventRecord {
  const { caller, assignment } = call;
  return {
    version: 1,
    kind: 'event',
    id: newRecordId(Date.now()),
    at: Date.now(),
    event: 'call_given_up',
    user: { id: caller.user.id, name: caller.user.slug },
    workstation: held.trace.destination?.workstation ?? null,
    code,
    detail: {
      call: held.id,
      method: call.method,
      server: assignment.server.slug,
      gateway: assignment.gateway.slug,
      host: caller.host,
      item: call.item.name.slice(0, nameShown),
      rounds: held.round,
    },
  };
}
