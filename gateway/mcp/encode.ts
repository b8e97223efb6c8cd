// Answers as bytes, in the era of the host that asked: what the upstream wrote is kept, only the id and what an era requires are set.
import { entryOf, type Fault } from '#contract/error.ts';
import type { Answered, Encode, Encoded, Era } from '../call.ts';
import { legacyVersions, modernVersions } from './era.ts';
import { errorResponse } from './jsonrpc.ts';
import { membersOf, splice } from './span.ts';

export const serverInfo = { name: 'drawbridge', title: 'Drawbridge', version: '0.1.0' } as const;
const capabilities = { tools: {} } as const;
const serverInfoKey = 'io.modelcontextprotocol/serverInfo';
/** Lists are filtered per caller and change with the policy: never shared, always asked again. */
const uncached = { ttlMs: 0, cacheScope: 'private' } as const;

/** Encodes for a request with this id (JSON text as the host wrote it; `null` where it could not be read). `version` is what a legacy initialize asked for. */
export function encoderFor(era: Era, id: string, version?: string): Encode {
  return (answered) => {
    switch (answered.kind) {
      case 'relayed':
        return { status: 200, body: relay(era, id, answered) };
      case 'listed':
        return { status: 200, body: list(era, id, answered.tools) };
      case 'described':
        return ok(id, era === 'modern' ? discovered(answered) : initialized(answered, version));
      case 'empty':
        return ok(id, era === 'modern' ? { resultType: 'complete' } : {});
      case 'fault':
        return encodeFault(era, id, answered.fault, answered.wasForwarded ?? false);
    }
  };
}

/** A fault as the JSON-RPC error of its table entry; `data` carries our own code and whether a retry makes sense. */
function encodeFault(era: Era, id: string, fault: Fault, wasForwarded: boolean): Encoded {
  const { status, rpc, retry } = entryOf(fault.code);
  const data = {
    code: fault.code,
    // What ran once may not be told to be safe to repeat, and not to be useless either.
    retry: wasForwarded ? 'unknown' : retry,
    ...(fault.code === 'VERSION_UNSUPPORTED'
      ? { supported: [...modernVersions, ...legacyVersions], requested: fault.fields['requested'] }
      : {}),
  };
  // A legacy host takes an unknown method as an answer to its request, not as a missing page. What was forwarded was no mistake of the caller's.
  const isAnswer = (era === 'legacy' && fault.code === 'METHOD_UNKNOWN') || (wasForwarded && status < 500);
  return {
    status: isAnswer ? 200 : status,
    body: errorResponse(id, { code: rpc, message: fault.message, data }),
  };
}

function relay(era: Era, id: string, { body, id: idSpan, result }: Extract<Answered, { kind: 'relayed' }>): Buffer {
  const edits: { span: { start: number; end: number }; by: string }[] = [{ span: idSpan, by: id }];
  if (result && era === 'modern') {
    const members = membersOf(body, result.start);
    if (body[result.start] === 0x7b && !members.some((member) => member.key === 'resultType')) {
      const open = { start: result.start + 1, end: result.start + 1 };
      edits.push({ span: open, by: `"resultType":"complete"${members.length > 0 ? ',' : ''}` });
    }
  }
  return splice(
    body,
    edits.toSorted((a, b) => a.span.start - b.span.start),
  );
}

function list(era: Era, id: string, tools: readonly Buffer[]): Buffer {
  const comma = Buffer.from(',');
  const head = `{"jsonrpc":"2.0","id":${id},"result":{${era === 'modern' ? `"resultType":"complete","ttlMs":${uncached.ttlMs},"cacheScope":"${uncached.cacheScope}",` : ''}"tools":[`;
  return Buffer.concat([
    Buffer.from(head),
    ...tools.flatMap((tool, index) => (index === 0 ? [tool] : [comma, tool])),
    Buffer.from(']}}'),
  ]);
}

type Described = Extract<Answered, { kind: 'described' }>;

function discovered({ instructions }: Described): object {
  return {
    resultType: 'complete',
    supportedVersions: modernVersions,
    capabilities,
    instructions,
    ...uncached,
    _meta: { [serverInfoKey]: serverInfo },
  };
}

function initialized({ instructions }: Described, version: string | undefined): object {
  const protocolVersion = version !== undefined && legacyVersions.includes(version) ? version : legacyVersions[0];
  return { protocolVersion, capabilities, serverInfo, instructions };
}

function ok(id: string, result: object): Encoded {
  return { status: 200, body: Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`) };
}
