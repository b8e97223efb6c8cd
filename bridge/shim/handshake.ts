// The `initialize` of a host up to MCP 2025-11-25, kept so that it can be said again on a new channel. Hosts of 2026-07-28 have none, and need none.
// Rule: nothing but the handshake is ever repeated.
import type { Socket } from 'node:net';
import { firstLine, member, parseObject } from './link.ts';
import type { ShimFault } from './link.ts';
import type { ScannedLine } from './scan.ts';

const handshakeLimitBytes = 64 * 1024;
/** A host that asked this often without `initialize` has no handshake. */
const requestsToWatch = 8;
const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}\n';

export type Repeated =
  | { readonly kind: 'done'; readonly rest: Buffer }
  | { readonly kind: 'failed'; readonly fault: ShimFault }
  /** The new session isn't what the host agreed to. */
  | { readonly kind: 'changed'; readonly fault: ShimFault };

export interface Handshake {
  /** Nothing more is to be learned: lines need not be looked at one by one. */
  readonly isSettled: boolean;
  /** A part of a line, at most up to its end; `line` where it ends. */
  fromHost(part: Buffer, line: ScannedLine | undefined): void;
  toHost(part: Buffer, line: ScannedLine | undefined): void;
  /** Says the handshake on a new channel and swallows its answer; `rest` is what the agent sent already. */
  repeat(socket: Socket, rest: Buffer): Promise<Repeated>;
}

export function createHandshake(): Handshake {
  const hostTape = createTape();
  const answerTape = createTape();
  let request: { readonly text: Buffer; readonly id: string } | undefined;
  let version: unknown;
  let isSettled = false;
  let requests = 0;

  return {
    get isSettled() {
      return isSettled;
    },
    fromHost(part, line) {
      hostTape.add(part);
      if (!line) return;
      const text = hostTape.take();
      if (line.id === undefined || line.method === undefined) return;
      if (line.method === 'initialize' && text) request = { text, id: line.id };
      else if (++requests >= requestsToWatch) isSettled = true;
    },
    toHost(part, line) {
      answerTape.add(part);
      if (!line) return;
      const text = answerTape.take();
      if (!request || line.id !== request.id || !text) return;
      version = versionOf(text);
      isSettled = version !== undefined;
    },
    async repeat(socket, before) {
      if (!request || version === undefined) return { kind: 'done', rest: before };
      socket.write(request.text);
      for (let rest = before; ;) {
        const reply = await firstLine(socket, rest);
        if (!reply) return { kind: 'failed', fault: fault('the new session could not be opened') };
        rest = reply.rest;
        const answer = parseObject(reply.line);
        if (!answer || JSON.stringify(answer['id']) !== request.id) continue;
        const refusal = member(answer, 'error');
        if (refusal) return { kind: 'failed', fault: fault(String(refusal['message'])) };
        if (versionOf(reply.line) !== version)
          return { kind: 'changed', fault: fault('the gateway now speaks another version of the protocol') };
        socket.write(initialized);
        return { kind: 'done', rest };
      }
    },
  };
}

function versionOf(response: Buffer): unknown {
  const result = member(parseObject(response) ?? {}, 'result');
  return result?.['protocolVersion'];
}

function fault(reason: string): ShimFault {
  return {
    code: 'GATEWAY_UNREACHABLE',
    message: `This workstation is not connected to its gateway (${reason}). Try again in a moment.`,
    rpc: 7502,
    retry: 'safe',
  };
}

/** The parts of one line; forgets a line that is too long for a handshake. */
function createTape(): { add(part: Buffer): void; take(): Buffer | undefined } {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  return {
    add(part) {
      heldBytes += part.length;
      if (heldBytes <= handshakeLimitBytes) parts.push(Buffer.from(part));
      else parts = [];
    },
    take() {
      const whole = heldBytes <= handshakeLimitBytes ? Buffer.concat(parts) : undefined;
      parts = [];
      heldBytes = 0;
      return whole;
    },
  };
}
