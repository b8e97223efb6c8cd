// An AI host that came through the shim: each message on its channel is one line of MCP over stdio, in either era. The channel is the session;
// the tunnel it stands on is the proof of who calls. Answers go back as they are ready.
import { performance } from 'node:perf_hooks';
import { randomUUID } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Caller, Identified, Received } from '../call.ts';
import type { Arrived } from '../pipeline/draft.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import { encoderFor } from './encode.ts';
import { eraOf } from './era.ts';
import { readMessage, refusedId, type RequestMessage } from './jsonrpc.ts';
import { UnderWay } from './under-way.ts';

const underWayLimit = 1024;

export interface LineDeps {
  readonly pipeline: Pipeline;
  readonly caller: Caller;
  readonly target: Received['target'];
  readonly channel: Channel;
  /** Ends what the conversation opened upstream. */
  readonly onEnd: (conversation: string) => void;
}

/** Serves one host's channel until it closes. */
export function serveLine(deps: LineDeps): ChannelEvents {
  const { pipeline, caller, target, channel } = deps;
  const conversation = randomUUID();
  const underWay = new UnderWay<string, AbortController>();

  function reply(body: Buffer): void {
    try {
      channel.send(body);
    } catch {
      channel.close(); // a host that does not read its answers has ended its own session
    }
  }

  async function receive(body: Buffer): Promise<void> {
    const arrived: { -readonly [K in keyof Arrived]: Arrived[K] } = {
      era: 'unknown',
      via: 'shim',
      caller,
      requestBytes: body.length,
      arrivedAt: { monotonic: performance.now(), wall: Date.now() },
    };
    let id: string | undefined;
    try {
      const message = readMessage(body);
      if (message.kind === 'response') return; // nothing was asked of the host, so there is nothing to answer
      arrived.method = message.method;
      id = message.kind === 'request' ? body.toString('utf8', message.idSpan.start, message.idSpan.end) : 'null';
      arrived.era = eraOf(message, undefined);
      if (message.kind === 'notification') {
        if (message.method === 'notifications/cancelled')
          underWay.get(JSON.stringify(message.params.value['requestId']))?.abort();
        return;
      }
      if (underWay.has(id)) throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a request that is under way' });
      if (underWay.size >= underWayLimit) throw new Fault('BUSY', { what: 'this host' });
      const identified: Identified = {
        era: arrived.era,
        method: message.method,
        target,
        body,
        caller,
        conversation,
        arrivedAt: arrived.arrivedAt,
      };
      await handle(identified, message, id);
    } catch (thrown) {
      const encode = encoderFor(arrived.era === 'modern' ? 'modern' : 'legacy', id ?? refusedId(body) ?? 'null');
      reply((await pipeline.refuse(arrived, thrown, encode)).body);
    }
  }

  async function handle(identified: Identified, message: RequestMessage, id: string): Promise<void> {
    const version = message.params.value['protocolVersion'];
    const encode = encoderFor(identified.era, id, typeof version === 'string' ? version : undefined);
    const controller = new AbortController();
    underWay.set(id, controller);
    try {
      reply((await pipeline.handle(identified, message, encode, controller.signal)).body);
    } finally {
      underWay.delete(id);
    }
  }

  return {
    onMessage: (body) => void receive(body),
    onAborted: () => undefined, // a message that was given up carries no id to answer
    onClosed() {
      for (const controller of underWay.values()) controller.abort();
      deps.onEnd(conversation);
    },
  };
}
