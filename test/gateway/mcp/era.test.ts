// The era of a message, as the specification's status map tells it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '#contract/error.ts';
import { eraOf, type EraHeaders } from '../../../gateway/mcp/era.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { proves } from '../../requirement.ts';

const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const call = { method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: modern } };
const prompt = { method: 'prompts/get', params: { name: 'greet', _meta: modern } };
const read = { method: 'resources/read', params: { uri: 'demo://a', name: 'echo', _meta: modern } };
const complete = { method: 'completion/complete', params: { ref: { type: 'ref/prompt', name: 'greet' }, _meta: modern } };
const headers: EraHeaders = { version: '2026-07-28', method: 'tools/call', name: 'echo' };

function classify(message: object, given: EraHeaders | undefined): string {
  const read = readMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })));
  if (read.kind === 'response') throw new Error('a response has no era');
  try {
    return eraOf(read, given);
  } catch (error) {
    return String((error as { code: ErrorCode }).code);
  }
}

describe('eraOf', () => {
  test.each<[string, object, EraHeaders | undefined, string]>([
    ['a request with the modern claim', call, headers, 'modern'],
    ['the same on a line, where there are no headers', call, undefined, 'modern'],
    [
      'a request without a claim',
      { method: 'tools/list' },
      { version: '2025-11-25', method: undefined, name: undefined },
      'legacy',
    ],
    [
      'initialize',
      { method: 'initialize', params: { protocolVersion: '2025-11-25' } },
      { version: undefined, method: undefined, name: undefined },
      'legacy',
    ],
    ['a base64 name', { ...call, params: { ...call.params, name: 'é' } }, { ...headers, name: '=?base64?w6k=?=' }, 'modern'],
    ['a prompt that is named', prompt, { ...headers, method: 'prompts/get', name: 'greet' }, 'modern'],
    ['another prompt than is named', prompt, { ...headers, method: 'prompts/get', name: 'echo' }, 'HEADER_MISMATCH'],
    ['a prompt that is not named', prompt, { ...headers, method: 'prompts/get', name: undefined }, 'HEADER_MISMATCH'],
    ['a resource that is named', read, { ...headers, method: 'resources/read', name: 'demo://a' }, 'modern'],
    ['another resource than is named', read, { ...headers, method: 'resources/read', name: 'demo://b' }, 'HEADER_MISMATCH'],
    ['a completion, which has no name', complete, { ...headers, method: 'completion/complete', name: undefined }, 'modern'],
    [
      'an unknown legacy version',
      { method: 'tools/list' },
      { version: '2020-01-01', method: undefined, name: undefined },
      'VERSION_UNSUPPORTED',
    ],
    [
      'a modern header without a claim',
      { method: 'tools/list' },
      { version: '2026-07-28', method: 'tools/list', name: undefined },
      'INVALID_PARAMS',
    ],
    [
      'initialize under a modern header',
      { method: 'initialize' },
      { version: '2026-07-28', method: 'initialize', name: undefined },
      'HEADER_MISMATCH',
    ],
    [
      'a claim without capabilities',
      { method: 'tools/list', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } },
      { ...headers, method: 'tools/list' },
      'INVALID_PARAMS',
    ],
    [
      'a version of the future',
      { method: 'tools/list', params: { _meta: { ...modern, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' } } },
      { version: '2027-01-01', method: 'tools/list', name: undefined },
      'VERSION_UNSUPPORTED',
    ],
  ])('%s', (_, message, given, expected) => {
    expect(classify(message, given)).toBe(expected);
  });

  test.each<[string, Partial<EraHeaders>]>([
    ['another version', { version: '2025-11-25' }],
    ['no version', { version: undefined }],
    ['another method', { method: 'tools/list' }],
    ['no method', { method: undefined }],
    ['another name', { name: 'get-env' }],
    ['no name', { name: undefined }],
    ['a name in base64 without its padding', { name: '=?base64?ZWNobw?=' }],
  ])('%s in the headers than in the body is refused', (_, change) => {
    proves('protocol.headers-agree', {
      file: 'gateway/mcp/era.ts',
      find: 'if (headers) checkHeaders(message, claimed, headers);',
      replace: '',
    });
    expect(classify(call, { ...headers, ...change })).toBe('HEADER_MISMATCH');
  });
});

test('no request passes as modern whose headers are not what its body says', () => {
  const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
  const [version, method, name] = [
    fc.constantFrom('2026-07-28', '2025-11-25', '2027-01-01'),
    fc.constantFrom('tools/call', 'tools/list', 'TOOLS/CALL'),
    fc.constantFrom('echo', 'get-env', '=?base64?ZWNobw==?=', ''),
  ];
  let passed = 0;
  fc.assert(
    fc.property(version, method, name, maybe(version), maybe(method), maybe(name), (claimed, asked, used, ...headers) => {
      const [versionHeader, methodHeader, nameHeader] = headers;
      const _meta = { ...modern, 'io.modelcontextprotocol/protocolVersion': claimed };
      const named = asked === 'tools/call' ? { name: used } : {};
      const given = { version: versionHeader, method: methodHeader, name: nameHeader };
      if (classify({ method: asked, params: { ...named, _meta } }, given) !== 'modern') return;
      passed++;
      expect([claimed, versionHeader, methodHeader]).toEqual(['2026-07-28', '2026-07-28', asked]);
      const decoded = nameHeader === '=?base64?ZWNobw==?=' ? 'echo' : nameHeader;
      if (asked === 'tools/call') expect(decoded).toBe(used);
    }),
    { numRuns: 3000 },
  );
  expect(passed).toBeGreaterThan(10);
});
