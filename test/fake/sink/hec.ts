// A Splunk HTTP Event Collector as Splunk documents it ("Format events for HTTP Event Collector", "About HTTP Event Collector Indexer Acknowledgment"): token, channel,
// events one after the other in one body, numbers to ask by. An event is acknowledged once it was asked for, which a slow indexer is stood in for by.
import { z } from 'zod';
import type { Answer, Post } from './receiver.ts';

const Event = z.object({ event: z.looseObject({}), time: z.number(), fields: z.record(z.string(), z.string()).optional() });
const Question = z.object({ acks: z.array(z.number()) });

export interface HecTerms {
  readonly token: string;
  readonly acknowledges?: boolean;
  /** How often it is asked about a batch before it says yes. */
  readonly asksNeeded?: number;
  /** Told of events that it took: they are on disk when this returns. */
  readonly onEvents: (events: readonly z.infer<typeof Event>[]) => void;
}

export function answerHec(terms: HecTerms): (post: Post) => Answer {
  const { token, acknowledges = true, asksNeeded = 1, onEvents } = terms;
  const channels = new Map<string, { next: number; readonly waiting: Map<number, { asked: number; keep: () => void }> }>();
  const say = (status: number, code: number, text: string, more: object = {}): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, code, ...more }),
  });

  return ({ url, headers, body }) => {
    const { pathname, searchParams } = new URL(url, 'http://hec');
    if (headers.authorization === undefined) return say(401, 2, 'Token is required');
    if (headers.authorization !== `Splunk ${token}`) return say(403, 4, 'Invalid token');
    const channel = searchParams.get('channel') ?? String(headers['x-splunk-request-channel'] ?? '');
    if (acknowledges && channel === '') return say(400, 10, 'Data channel is missing');
    if (acknowledges && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(channel))
      return say(400, 11, 'Invalid data channel');
    const state = channels.get(channel) ?? { next: 0, waiting: new Map() };
    channels.set(channel, state);
    if (pathname === '/services/collector/ack') {
      if (!acknowledges) return say(400, 14, 'ACK is disabled');
      const acks = Question.parse(JSON.parse(body.toString())).acks.map((id) => {
        const batch = state.waiting.get(id);
        const isDone = batch !== undefined && ++batch.asked >= asksNeeded;
        if (isDone) {
          batch.keep();
          state.waiting.delete(id);
        }
        return [String(id), isDone];
      });
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ acks: Object.fromEntries(acks) }),
      };
    }
    if (pathname !== '/services/collector/event') return { status: 404, body: 'Not Found' };
    const events: z.infer<typeof Event>[] = [];
    for (const line of body.toString('utf8').split('\n')) {
      const parsed = Event.safeParse(JSON.parse(line));
      if (!parsed.success) return say(400, 12, 'Event field is required', { 'invalid-event-number': events.length });
      events.push(parsed.data);
    }
    if (events.length === 0) return say(400, 5, 'No data');
    if (!acknowledges) {
      onEvents(events);
      return say(200, 0, 'Success');
    }
    // What is not acknowledged yet is in memory alone, and lost with the process.
    const ackId = state.next++;
    state.waiting.set(ackId, { asked: 0, keep: () => onEvents(events) });
    return say(200, 0, 'Success', { ackId });
  };
}
