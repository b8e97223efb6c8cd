// The legacy fixture's Streamable HTTP endpoint: a session each, whose events are kept so that a stream that was closed can be resumed.
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { localhostHostValidation, localhostOriginValidation } from '@modelcontextprotocol/node';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { type EventStore, StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { sayListening } from './listening.ts';

export async function serveLegacyHttp(createServer: () => Server): Promise<void> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const isHostAllowed = localhostHostValidation();
  const isOriginAllowed = localhostOriginValidation();

  async function open(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 100,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await createServer().connect(transport);
    return transport;
  }

  const http = createHttpServer((request, response) => {
    void (async () => {
      if (!isHostAllowed(request, response) || !isOriginAllowed(request, response)) return;
      const id = sessionIdOf(request);
      const transport = id === undefined ? await open() : sessions.get(id);
      if (transport) await transport.handleRequest(request, response);
      else response.writeHead(404).end();
    })();
  });
  sayListening(http.listen(0, '127.0.0.1'));
}

function sessionIdOf(request: IncomingMessage): string | undefined {
  const id = request.headers['mcp-session-id'];
  return Array.isArray(id) ? id[0] : id;
}

/** Keeps every event of one session: a fixture's life is short. */
function createEventStore(): EventStore {
  const events: { stream: string; message: Parameters<EventStore['storeEvent']>[1] }[] = [];
  return {
    storeEvent: (stream, message) => Promise.resolve(String(events.push({ stream, message }))),
    getStreamIdForEventId: (id) => Promise.resolve(events[Number(id) - 1]?.stream),
    async replayEventsAfter(id, { send }) {
      const stream = events[Number(id) - 1]?.stream ?? '';
      for (const [index, event] of events.entries()) {
        // An event without a message only told the client an id to resume from.
        const isNews = index >= Number(id) && event.stream === stream && Object.keys(event.message).length > 0;
        if (isNews) await send(String(index + 1), event.message);
      }
      return stream;
    },
  };
}
