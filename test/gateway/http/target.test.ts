// Requests whose first line names a whole address, as bytes on a socket: ours is served as its path is, and any other is refused whatever else the request says.
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { describeSite } from '../../../gateway/http/origin.ts';
import { refuseElsewhere } from '../../../gateway/http/target.ts';
import { proves } from '../../requirement.ts';
import { openDoor } from './door.ts';

const host = 'Host: mcp.example.org';

describe('a request for a whole address', () => {
  test.each([
    ['http://mcp.example.org/g/eng/mcp', 200, 'eng'],
    ['HTTP://MCP.example.ORG/g/eng/mcp', 200, 'eng'],
    ['https://mcp.example.org:443/g/eng/s/memory/mcp?x=1', 200, 'memory'],
    ['http://127.0.0.1:PORT/g/eng/mcp', 200, 'eng'],
    ['http://evil.example/healthz', 200, 'alive'],
    ['http://mcp.example.org', 404, 'NOT_FOUND'],
    ['http://mcp.example.org?/g/eng/mcp', 404, 'NOT_FOUND'],
    ['http://evil.example/g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http://mcp.example.org:8443/g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http://mcp.example.org@evil.example/g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http://evil.example@mcp.example.org/g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http://mcp.example.org./g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http:///g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['http://mcp%2eexample.org/g/eng/mcp', 421, 'HOST_HEADER_FORBIDDEN'],
    ['ftp://mcp.example.org/g/eng/mcp', 404, 'NOT_FOUND'],
    ['http:/g/eng/mcp', 400, ''],
    ['mcp.example.org/g/eng/mcp', 400, ''],
  ])('such as %s is answered %i', async (target, status, told) => {
    proves('edge.own-target', {
      file: 'gateway/http/target.ts',
      find: "if (!site.hosts.has(named.authority)) throw new Fault('HOST_HEADER_FORBIDDEN');",
      replace: '',
    });
    const door = await openDoor();
    const method = target.includes('healthz') ? 'GET' : 'POST';
    const answer = await door.ask([`${method} ${target.replace('PORT', String(door.port))} HTTP/1.1`, host, 'Content-Length: 0']);
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining(told)]);
  });

  test('of ours and with the Host of another site is refused, and so is one of another site behind one of ours on a connection', async () => {
    const door = await openDoor();
    const foreign = await door.ask(['POST http://mcp.example.org/g/eng/mcp HTTP/1.1', 'Host: evil.example', 'Content-Length: 0']);
    expect(foreign.status).toBe(421);
    const socket = connect({ host: '127.0.0.1', port: door.port });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    for (const [target, end] of [
      ['/g/eng/mcp', ''],
      ['http://evil.example/g/eng/mcp', ''],
      ['http://mcp.example.org/g/eng/mcp', 'Connection: close\r\n'],
    ])
      socket.write(`POST ${target} HTTP/1.1\r\n${host}\r\nContent-Length: 0\r\n${end}\r\n`);
    await new Promise((resolve) => socket.once('close', resolve));
    expect([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))).toEqual([200, 421, 200]);
  });

  test('that says http is refused over TLS, where nothing of http is served', () => {
    const [socket, url] = [new TLSSocket(new PassThrough()), 'https://mcp.example.org'];
    const site = describeSite({
      publicOrigin: url,
      listen: { host: '0.0.0.0', port: 443, isSecure: true },
      allowedOrigins: [],
      proxies: undefined,
    });
    const at = (scheme: string) => () => refuseElsewhere(site, { socket }, { scheme, authority: 'mcp.example.org' });
    expect(at('https')).not.toThrow();
    expect(at('http')).toThrow(expect.objectContaining({ code: 'HOST_HEADER_FORBIDDEN' }));
  });

  test('is upgraded to the tunnel where it is ours, and nowhere else', async () => {
    const door = await openDoor();
    const upgrade = (target: string) =>
      door.ask([`GET ${target} HTTP/1.1`, host, 'Upgrade: websocket', 'Connection: Upgrade']).then(({ status }) => status);
    expect(await upgrade('http://mcp.example.org/tunnel')).toBe(101);
    expect(await upgrade('http://evil.example/tunnel')).toBe(421);
  });
});
