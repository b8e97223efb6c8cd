// The door on a real socket, with routes that only say where a request arrived.
import type { BlockList } from 'node:net';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createHealth, type Part } from '../../../gateway/http/health.ts';
import { clientAddress, describeSite } from '../../../gateway/http/origin.ts';
import { createRoutes, type McpRoute } from '../../../gateway/http/routes.ts';
import { openServer, type HttpServer } from '../../../gateway/http/server.ts';
import { quiet } from '../data.ts';
import { sendRaw, type RawAnswer } from './raw.ts';

export interface Door {
  readonly port: number;
  readonly server: HttpServer;
  readonly log: readonly string[];
  ask(lines: readonly string[], body?: string): Promise<RawAnswer>;
}

export async function openDoor(
  of: {
    mcp?: McpRoute;
    tunnel?: Parameters<typeof createRoutes>[0]['tunnel'];
    parts?: readonly Part[];
    proxies?: BlockList;
    timeLimits?: Parameters<typeof openServer>[0]['timeLimits'];
  } = {},
): Promise<Door> {
  const server = await openServer({
    listen: { host: '127.0.0.1', port: 0 },
    setting: '--listen',
    certificate: undefined,
    logger: quiet,
    ...(of.timeLimits && { timeLimits: of.timeLimits }),
  });
  onTestFinished(() => server.close(0));
  const { port } = server.address;
  const site = describeSite({
    publicOrigin: 'https://mcp.example.org',
    listen: { ...server.address, isSecure: false },
    allowedOrigins: ['https://console.example.org'],
    proxies: of.proxies,
  });
  const log: string[] = [];
  const answerTarget: McpRoute = (request, response, { gateway, server: name }) => {
    response.end(JSON.stringify({ gateway, server: name, from: clientAddress(site, request) }));
  };
  const routes = createRoutes({
    wellKnown: () => undefined,
    admin: () => undefined,
    site,
    health: createHealth(of.parts ?? [], quiet),
    mcp: of.mcp ?? answerTarget,
    oldMcp: answerTarget,
    enroll: (_request, response) => void response.end('enrolled'),
    pages: () => undefined,
    scim: () => undefined,
    tunnel: of.tunnel ?? ((_request, socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')),
    logger: pino({ level: 'warn' }, { write: (line: string) => log.push(line) }),
  });
  server.serve(routes);
  const ask = (lines: readonly string[], body?: string) =>
    sendRaw({ host: '127.0.0.1', port }, [...lines, 'Connection: close'], body);
  return { port, server, log, ask };
}
