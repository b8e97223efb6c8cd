// What flows in a request whose gateway captures payloads, noted where it passes the rules. The rule: a request without a flow pays one look for it; in `redacted` nothing
// is noted that a rule did not let by.
import type { PayloadDirection, PayloadPart } from '#contract/payload.ts';
import { besideBytes, besideMessages, type CaptureMode } from '#contract/payload.ts';
import type { Flow, Said } from '../call.ts';
import type { Screen } from './screen.ts';

export function openFlow(mode: CaptureMode): Flow {
  const none = () => ({ said: [], roomBytes: besideBytes, beyond: 0 });
  return { mode, request: none(), response: none(), isClosed: false };
}

/** The one that counts now: a call that is asked something goes on in the request that brings the answer. */
function current(flow: Flow | undefined): Flow | undefined {
  const now = flow?.continuedBy ?? flow;
  return now?.isClosed === false ? now : undefined;
}

/** One of the messages of which a call has one. */
function noteMain(flow: Flow, direction: PayloadDirection, what: PayloadPart, body: Buffer): void {
  flow[direction].said.push(saidNow(what, body));
}

function noteBeside(flow: Flow, direction: PayloadDirection, what: PayloadPart, body: Buffer): void {
  const side = flow[direction];
  if (body.length > side.roomBytes || side.said.length >= besideMessages) {
    side.beyond++;
    return;
  }
  side.roomBytes -= body.length;
  side.said.push(saidNow(what, body));
}

function saidNow(what: PayloadPart, body: Buffer): Said {
  return { what, at: Date.now(), body };
}

/** The same screen, that notes what passes. */
export function noting(screen: Screen): Screen {
  return {
    ...screen,
    request(call, message, signal) {
      const flow = current(call.flow);
      if (!flow) return screen.request(call, message, signal);
      return seen(
        () => screen.request(call, message, signal),
        (changed) => {
          flow.went = changed?.body ?? call.body;
          if (flow.mode === 'full' && changed) noteMain(flow, 'request', 'sent', changed.body);
        },
        () => (flow.went = 'blocked'),
      );
    },
    reply(call, reply, signal) {
      const flow = current(call.flow);
      if (!flow || flow.mode === 'redacted') return screen.reply(call, reply, signal);
      const note = () => noteMain(flow, 'response', 'replied', reply.body);
      return seen(
        () => screen.reply(call, reply, signal),
        (changed) => void (changed && note()),
        note,
      );
    },
    question(call, body, signal) {
      const flow = current(call.flow);
      if (!flow) return screen.question(call, body, signal);
      if (flow.mode === 'full') noteBeside(flow, 'response', 'question', body);
      return seen(
        () => screen.question(call, body, signal),
        (changed) => void (flow.mode === 'redacted' && noteBeside(flow, 'response', 'question', changed ?? body)),
      );
    },
    answer(call, answer, signal) {
      const flow = current(call.flow);
      if (!flow) return screen.answer(call, answer, signal);
      if (flow.mode === 'full') noteBeside(flow, 'request', 'answer', answer.body);
      return seen(
        () => screen.answer(call, answer, signal),
        (changed) => void (flow.mode === 'redacted' && noteBeside(flow, 'request', 'answer', changed?.body ?? answer.body)),
      );
    },
    notification(of, body, tell, on = 'response', foreign) {
      const flow = current(of.flow);
      if (!flow) return screen.notification(of, body, tell, on, foreign);
      if (flow.mode === 'full') {
        noteBeside(flow, on, 'told', body);
        return screen.notification(of, body, tell, on, foreign);
      }
      const pass = (told: Buffer) => {
        // An engine may have taken its time.
        const now = current(of.flow);
        if (now) noteBeside(now, on, 'told', told);
        tell(told);
      };
      return screen.notification(of, body, pass, on, foreign);
    },
  };
}

/** Tells how it ended, when it has. */
function seen<T>(
  work: () => T | undefined | Promise<T | undefined>,
  onPassed: (changed: T | undefined) => void,
  onBlocked: () => void = () => undefined,
): T | undefined | Promise<T | undefined> {
  const passed = (changed: T | undefined) => {
    onPassed(changed);
    return changed;
  };
  const blocked = (thrown: unknown): never => {
    onBlocked();
    throw thrown;
  };
  let screened: T | undefined | Promise<T | undefined>;
  try {
    screened = work();
  } catch (thrown) {
    return blocked(thrown);
  }
  return screened instanceof Promise ? screened.then(passed, blocked) : passed(screened);
}
