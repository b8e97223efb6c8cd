// Captures what is asked and answered at gateways whose policy says so. The rule: whether it can be sealed is known before the call is made, and what was sealed is committed
// with the record of the call before the answer leaves; where either can't be, the call is refused.
import { hash, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { CallRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import { newRecordId, type RecordId } from '#contract/id.ts';
import {
  besideBytes,
  type Captured,
  type Payload,
  payloadBytes,
  payloadDirections,
  type PayloadDirection,
  type PayloadMessage,
  type SealedPayload,
} from '#contract/payload.ts';
import type { Flow, Identified, Said } from '../call.ts';
import type { KeepingRecorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import type { Capturing } from '../rule/compile.ts';
import { openFlow } from './flow.ts';

interface Seal {
  seal(payload: Omit<SealedPayload, 'key' | 'sealed'>, text: string): SealedPayload;
}
export interface CaptureDeps {
  readonly inForce: InForce;
  /** What payloads are sealed with now; at once where it is at hand. */
  readonly seals: { current(): Seal | Promise<Seal>; forget(): void };
  readonly recorder: Pick<KeepingRecorder, 'keep'>;
  readonly logger: Logger;
  /** How long an answer waits for its payload to be committed. */
  readonly withinMs?: number;
}

const keptWithinMs = 10_000;

/** One request that is captured. */
export interface Taking {
  readonly flow: Flow;
  /** What was asked, and the answer as the host gets it; undefined where it has none yet. Rejects with CAPTURE_FAILED. */
  end(answer: Buffer | undefined): Promise<Taken>;
}
export interface Taken {
  /** Of the record that it is of. */
  readonly id: RecordId;
  readonly captured: Captured;
  /**
   * Resolves with the record that is committed: this one with what was captured, or, where the data key of that is gone, one that says so, and then the call is refused
   * with CAPTURE_FAILED.
   */
  keep(record: CallRecord): Promise<CallRecord>;
}
export interface Capture {
  /** Undefined where its gateway captures nothing. Throws or rejects with CAPTURE_FAILED, and throws POLICY_MISSING. */
  begin(request: Identified): Taking | undefined | Promise<Taking>;
}

export function createCapture({ inForce, seals, recorder, logger, withinMs = keptWithinMs }: CaptureDeps): Capture {
  function failed(error: unknown): never {
    logger.error({ err: error }, 'a payload could not be captured, so its call is refused');
    throw new Fault('CAPTURE_FAILED', {}, { cause: error });
  }

  function take(how: Capturing, seal: Seal, request: Identified): Taking {
    const flow = openFlow(how.mode);
    // At once: on its way to the server it is changed in place (mcp/span.ts).
    const came = how.mode === 'full' ? wholeOf(askedIn(request), payloadBytes) : undefined;
    return {
      flow,
      async end(answer) {
        try {
          flow.isClosed = true;
          const texts = new Map<PayloadDirection, string>();
          for (const direction of payloadDirections) {
            const messages = await messagesOf(how, flow, request, came, answer, direction);
            if (messages.length > 0) texts.set(direction, textOf(flow, direction, messages));
          }
          const at = request.arrivedAt.wall;
          const id = newRecordId(at);
          const sealed = [...texts].map(([direction, text]) => seal.seal({ record: id, direction, at }, text));
          return { id, captured: capturedOf(how, texts), keep: (record) => keep(record, sealed) };
        } catch (error) {
          return failed(error);
        }
      },
    };
  }

  async function keep(record: CallRecord, sealed: readonly SealedPayload[]): Promise<CallRecord> {
    const lost = lostOf(record);
    try {
      await inTime(recorder.keep(record, sealed, lost));
      return record;
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'CAPTURE_FAILED')) throw error;
      logger.error(
        { record: record.id },
        'the data key of captured payloads is gone, so they are lost and their call is refused',
      );
      seals.forget();
      return lost;
    }
  }

  /** Batched records wait for a disk that fails, however long that lasts: a call does not. */
  async function inTime(kept: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Fault('AUDIT_UNAVAILABLE')), withinMs);
    });
    await Promise.race([kept, late]).finally(() => clearTimeout(timer));
  }

  return {
    begin(request) {
      const how = inForce.current().captures?.get(request.target.gateway);
      if (how === undefined) return undefined;
      try {
        const seal = seals.current();
        return seal instanceof Promise ? seal.then((made) => take(how, made, request), failed) : take(how, seal, request);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** What is on record of a call whose payloads could not be kept once it was made. */
function lostOf(record: CallRecord): CallRecord {
  const { captured } = record;
  return { ...record, decision: 'failed', code: 'CAPTURE_FAILED', ...(captured && { captured: { ...captured, isLost: true } }) };
}

function capturedOf({ mode }: Capturing, texts: ReadonlyMap<PayloadDirection, string>): Captured {
  const hashOf = (direction: PayloadDirection) => hash('sha256', texts.get(direction) ?? '');
  return { mode, request: hashOf('request'), ...(texts.has('response') && { response: hashOf('response') }) };
}

function textOf({ mode, ...flow }: Flow, direction: PayloadDirection, messages: PayloadMessage[]): string {
  const { beyond } = flow[direction];
  const payload: Payload = { version: 1, salt: randomBytes(16).toString('base64url'), mode, direction, messages, beyond };
  return JSON.stringify(payload);
}

async function messagesOf(
  how: Capturing,
  flow: Flow,
  request: Identified,
  came: PayloadMessage | undefined,
  answer: Buffer | undefined,
  direction: PayloadDirection,
): Promise<PayloadMessage[]> {
  const beside = (said: Said) =>
    messageOf(how, said, said.what === 'sent' || said.what === 'replied' ? payloadBytes : besideBytes);
  const messages: PayloadMessage[] = [];
  if (direction === 'request') messages.push(came ?? (await askedOf(how, flow, request)));
  for (const said of flow[direction].said) messages.push(await beside(said));
  if (direction === 'response' && answer)
    messages.push(await messageOf(how, { what: 'answered', at: Date.now(), body: answer }, payloadBytes));
  return messages;
}

function askedIn({ body, arrivedAt }: Identified): Said {
  return { what: 'asked', at: arrivedAt.wall, body };
}

/** In `redacted`: as the rules let it go on. Refused before they looked, it is masked as they would have, but for what an engine elsewhere would have changed. */
async function askedOf(how: Capturing, { went }: Flow, request: Identified): Promise<PayloadMessage> {
  const asked = askedIn(request);
  const { body } = asked;
  const left = (why: 'blocked' | 'unseen'): PayloadMessage => ({
    what: 'asked',
    at: asked.at,
    bytes: body.length,
    isCut: false,
    left: why,
  });
  if (went === 'blocked') return left('blocked');
  if (went === undefined && how.isJudgedElsewhere) return left('unseen');
  return { ...(await messageOf(how, { ...asked, body: went ?? body }, payloadBytes)), bytes: body.length };
}

async function messageOf(how: Capturing, said: Said, limit: number): Promise<PayloadMessage> {
  const { what, at, body } = said;
  if (how.mode === 'redacted') return { what, at, bytes: body.length, ...(await how.mask(body, limit)) };
  return wholeOf(said, limit);
}

function wholeOf({ what, at, body }: Said, limit: number): PayloadMessage {
  const bytes = body.length;
  if (bytes <= limit) return { what, at, bytes, text: body.toString('utf8'), isCut: false };
  return { what, at, bytes, text: body.toString('utf8', 0, wholeUntil(body, limit)), isCut: true, sha256: hash('sha256', body) };
}

/** No character is cut in two. */
function wholeUntil(body: Buffer, limit: number): number {
  let end = limit;
  while (end > 0 && ((body[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}
