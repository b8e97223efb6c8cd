// Answers in each era: the upstream's bytes stay, the host's own id comes back as it was written, and a modern result says what it is.
import {
  DiscoverResultSchema,
  InitializeResultSchema,
  JSONRPCErrorResponseSchema,
  ListToolsResultSchema,
} from '@modelcontextprotocol/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import type { Encoded } from '../../../gateway/call.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { proves } from '../../requirement.ts';

const parsed = ({ body }: Encoded) => JSON.parse(body.toString());

describe('encoderFor', () => {
  test('a relayed answer keeps every byte but the id, and a modern one gains only resultType', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.oneof(fc.string(), fc.integer()),
        fc.constantFrom(0, 2),
        (given, hostId, indent) => {
          // As it comes over the wire: JSON has no -0.
          const { resultType: _, ...result }: Record<string, unknown> = JSON.parse(JSON.stringify(given));
          const upstream = Buffer.from(JSON.stringify({ result, jsonrpc: '2.0', id: 7 }, null, indent));
          const message = readMessage(upstream);
          if (message.kind !== 'response' || !message.idSpan) throw new Error('not a response');
          const answered = {
            kind: 'relayed',
            body: upstream,
            id: message.idSpan,
            result: message.result,
            isError: false,
          } as const;
          const id = JSON.stringify(hostId);
          expect(encoderFor('legacy', id)(answered).body.toString()).toBe(upstream.toString().replace(/7(?=\n?}$)/, () => id));
          expect(parsed(encoderFor('modern', id)(answered))).toEqual({
            jsonrpc: '2.0',
            id: hostId,
            result: { resultType: 'complete', ...result },
          });
        },
      ),
    );
  });

  test('a result that already says its type is not told twice', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required"}}');
    const message = readMessage(body);
    if (message.kind !== 'response' || !message.idSpan) throw new Error('not a response');
    expect(
      encoderFor('modern', '1')({ kind: 'relayed', body, id: message.idSpan, result: message.result, isError: false }).body,
    ).toEqual(body);
  });

  test.each([
    [-32601, 404],
    [-32020, 400],
    [-32021, 400],
    [-32022, 400],
    [-32602, 200],
    [-32603, 200],
    [-32002, 200],
    [7, 200],
  ])('an error %i of an upstream has the HTTP status that 2026-07-28 fixes, and of an older host none', (code, status) => {
    proves('edge.relayed-status', {
      file: 'gateway/mcp/encode.ts',
      find: "if (era === 'legacy' || !error) return 200;",
      replace: "if (era === 'modern' || !error) return 200;",
    });
    const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"error":{"message":"no","code":${code},"data":{"code":-32601}}}`);
    const message = readMessage(body);
    if (message.kind !== 'response' || !message.idSpan) throw new Error('not a response');
    const { idSpan: id, result, error } = message;
    const answered = { kind: 'relayed', body, id, result, error, isError: true } as const;
    expect(encoderFor('modern', '1')(answered).status).toBe(status);
    expect(encoderFor('legacy', '1')(answered).status).toBe(200);
  });

  test('a resource that is read gains what a modern host wants of a cache, and is never shared', () => {
    proves('protocol.read-private', {
      file: 'gateway/mcp/encode.ts',
      find: 'else edits.push({ span: scope,',
      replace: 'else edits.slice({ span: scope,',
    });
    const read = (era: 'modern' | 'legacy', result: string) => {
      const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
      const message = readMessage(body);
      if (message.kind !== 'response' || !message.idSpan) throw new Error('not a response');
      const { idSpan: id, result: span } = message;
      return parsed(encoderFor(era, '1')({ kind: 'relayed', body, id, result: span, isError: false, isCacheable: true })).result;
    };
    const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    expect(read('modern', '{"contents":[]}')).toEqual({ ...hints, contents: [] });
    expect(read('modern', '{}')).toEqual(hints);
    expect(read('modern', '{"resultType":"complete","ttlMs":9,"cacheScope":"public"}')).toEqual({ ...hints, ttlMs: 9 });
    expect(read('modern', '{"resultType":"input_required"}')).toEqual({ resultType: 'input_required' });
    expect(read('legacy', '{"contents":[]}')).toEqual({ contents: [] });
  });

  test('a resource that is not there has the code of each era', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"error":{"code": -32002,"message":"no","data":{"code":-32002}}}');
    const message = readMessage(body);
    if (message.kind !== 'response' || !message.idSpan) throw new Error('not a response');
    const relayed = {
      kind: 'relayed',
      body,
      id: message.idSpan,
      result: undefined,
      error: message.error,
      isError: true,
    } as const;
    expect(parsed(encoderFor('modern', '1')(relayed)).error).toEqual({ code: -32602, message: 'no', data: { code: -32002 } });
    expect(encoderFor('legacy', '1')(relayed).body).toEqual(body);
    const unknown = { kind: 'fault', fault: new Fault('RESOURCE_UNKNOWN', { resource: 'demo://x' }) } as const;
    expect(parsed(encoderFor('modern', '1')(unknown)).error.code).toBe(-32602);
    expect(parsed(encoderFor('legacy', '1')(unknown)).error.code).toBe(-32002);
  });

  test("descriptions and lists are valid for the SDK's schemas", () => {
    const described = { kind: 'described', title: 'Engineering', instructions: 'Use it.' } as const;
    const tool = Buffer.from('{"name":"echo","inputSchema":{"type":"object"},"x-unknown":1}');
    expect(DiscoverResultSchema.parse(parsed(encoderFor('modern', '1')(described)).result)).toMatchObject({
      supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      ttlMs: 0,
      cacheScope: 'private',
    });
    expect(InitializeResultSchema.parse(parsed(encoderFor('legacy', '1', '2025-06-18')(described)).result).protocolVersion).toBe(
      '2025-06-18',
    );
    expect(InitializeResultSchema.parse(parsed(encoderFor('legacy', '1', '1999-01-01')(described)).result).protocolVersion).toBe(
      '2025-11-25',
    );
    for (const era of ['modern', 'legacy'] as const) {
      for (const tools of [[], [tool], [tool, tool]]) {
        const { result } = parsed(encoderFor(era, '"a"')({ kind: 'listed', member: 'tools', items: tools }));
        expect(ListToolsResultSchema.parse(result).tools).toHaveLength(tools.length);
        expect(result.cacheScope).toBe(era === 'modern' ? 'private' : undefined);
        const paged = { kind: 'listed', member: 'prompts', items: tools, nextCursor: 'a"b' } as const;
        expect(parsed(encoderFor(era, '"a"')(paged)).result).toMatchObject({ prompts: tools.map(() => ({})), nextCursor: 'a"b' });
        if (tools.length > 0) expect(result.tools[0]['x-unknown']).toBe(1);
      }
    }
  });

  test('a fault names its code and whether a retry makes sense', () => {
    const encoded = encoderFor('modern', 'null')({ kind: 'fault', fault: new Fault('TUNNEL_LOST') });
    expect(JSONRPCErrorResponseSchema.safeParse({ ...parsed(encoded), id: 1 }).success).toBe(true);
    expect(parsed(encoded)).toMatchObject({ id: null, error: { data: { code: 'TUNNEL_LOST', retry: 'unknown' } } });
  });

  test('a server that asks to wait says for how long, where that is known', () => {
    const asking = (fields: { seconds?: number }) =>
      encoderFor(
        'modern',
        '1',
      )({ kind: 'fault', fault: new Fault('UPSTREAM_BUSY', { server: 'crm', when: 'later', ...fields }) });
    const told = asking({ seconds: 7 });
    expect([told.status, told.retryAfterSeconds]).toEqual([503, 7]);
    expect(parsed(told)).toMatchObject({ error: { code: 7429, data: { code: 'UPSTREAM_BUSY', retryAfterSeconds: 7 } } });
    expect(asking({})).not.toHaveProperty('retryAfterSeconds');
    expect(parsed(asking({})).error.data).not.toHaveProperty('retryAfterSeconds');
  });

  test('an unsupported version is told which ones are', () => {
    const encoded = encoderFor(
      'modern',
      '1',
    )({ kind: 'fault', fault: new Fault('VERSION_UNSUPPORTED', { requested: '2027-01-01' }) });
    expect([encoded.status, parsed(encoded).error.data.supported]).toEqual([
      400,
      ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
    ]);
  });
});
