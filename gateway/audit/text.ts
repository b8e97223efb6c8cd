// The text of a record, taken apart where it is of a call like most (store/apart.ts): who called, what, and how it went are the same call after call, and their text is made once.
// The rule: put together it is what JSON.stringify would write; what is not like most is written by that.
import type { AuditRecord, CallRecord } from '#contract/audit.ts';
import { type Apart, type SharedText, sharedText } from '../store/apart.ts';

interface Known<Of> {
  readonly of: Of;
  readonly shared: SharedText;
}
type Caller = Pick<CallRecord, 'user' | 'host' | 'token'>;
type Target = Pick<CallRecord, 'gateway' | 'server' | 'tool'>;
type Manner = Pick<CallRecord, 'workstation' | 'identity'>;

/** Texts that are kept; beyond it they are forgotten and made anew. */
const knownLimit = 4096;

export function createTexts(): (record: AuditRecord) => string | Apart {
  /** By era, way, method, token or user, and host: whoever takes turns between two of them has a text for each. */
  const callers = new Map<string, Map<string, Map<string, Map<string, Map<string, Known<Caller>>>>>>();
  const targets = new Map<string, Map<string, Map<string, Known<Target>>>>();
  const manners = new Map<string, Map<string, Known<Manner>>>();
  /** What is the same in the texts of all: it is found in the processor's cache then. */
  const pieces = new Map<string, Uint8Array>();
  let known = 0;

  function make<Of>(of: Of, text: string): Known<Of> {
    if (++known > knownLimit) {
      for (const tree of [callers, targets, manners, pieces]) tree.clear();
      known = 1;
    }
    return { of, shared: sharedText(text, pieces) };
  }

  function callerOf({ era, via, method, user, host, token }: CallRecord): SharedText {
    const first = token ?? user?.id ?? '';
    const last = host ?? '';
    const found = callers.get(era)?.get(via)?.get(method)?.get(first)?.get(last);
    const of = found?.of;
    if (found !== undefined && of?.host === host && of.token === token && isSame(of.user, user)) return found.shared;
    const made = make(
      { user, host, token },
      `{"version":1,"kind":"call","id":"\t","at":\t,${membersOf({ era, via, method, user: namedOf(user), host, token })},"requestBytes":\t,`,
    );
    within(within(within(within(callers, era), via), method), first).set(last, made);
    return made.shared;
  }

  function targetOf({ gateway, server, tool }: CallRecord): SharedText {
    const first = gateway?.id ?? '';
    const second = server?.id ?? '';
    const last = tool ?? '';
    const found = targets.get(first)?.get(second)?.get(last);
    const of = found?.of;
    if (found !== undefined && of?.tool === tool && isSame(of.gateway, gateway) && isSame(of.server, server)) return found.shared;
    const made = make(
      { gateway, server, tool },
      `${membersOf({ gateway: namedOf(gateway), server: namedOf(server), tool, item: null })},`,
    );
    within(within(targets, first), second).set(last, made);
    return made.shared;
  }

  function mannerOf({ workstation, identity }: CallRecord): SharedText {
    const first = workstation ?? '';
    const last = identity.id ?? identity.kind;
    const found = manners.get(first)?.get(last);
    const of = found?.of;
    if (
      found !== undefined &&
      of?.workstation === workstation &&
      of.identity.id === identity.id &&
      of.identity.kind === identity.kind
    )
      return found.shared;
    const { kind, id } = identity;
    const made = make(
      { workstation, identity },
      `${membersOf({ workstation, identity: { kind, id }, decision: 'allowed', code: null, hidden: [], stale: [] })},"upstreamError":\t,"responseBytes":\t,"legs":{"gatewayToHost":\t,"hostToGateway":\t,"gatewayToServer":\t,"serverToGateway":\t}}`,
    );
    within(manners, first).set(last, made);
    return made.shared;
  }

  return (record) => {
    if (record.kind !== 'call' || !isLikeMost(record)) return JSON.stringify(record);
    const { id, at, requestBytes, responseBytes, legs } = record;
    const { gatewayToHost, hostToGateway, gatewayToServer, serverToGateway } = legs;
    if (
      !isWhole(at) ||
      !isWhole(requestBytes) ||
      !isWhole(responseBytes) ||
      !isWhole(gatewayToHost) ||
      !isWhole(hostToGateway) ||
      !isWhole(gatewayToServer) ||
      !isWhole(serverToGateway)
    )
      return JSON.stringify(record);
    const error = record.upstreamError ? 'true' : 'false';
    return {
      shared: [callerOf(record), targetOf(record), mannerOf(record)],
      values: [id, at, requestBytes, error, responseBytes, gatewayToHost, hostToGateway, gatewayToServer, serverToGateway],
    };
  };
}

/** Of one whose members are not all named here less would be kept: a test holds them against the contract. */
function isLikeMost(record: CallRecord): boolean {
  return (
    record.decision === 'allowed' &&
    record.code === null &&
    record.item === null &&
    record.hidden.length === 0 &&
    record.stale.length === 0 &&
    record.parked === undefined &&
    record.hits === undefined &&
    record.hitsBeyond === undefined &&
    record.captured === undefined
  );
}

function isWhole(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value !== undefined && value >= 0;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function isSame(one: Named | null, other: Named | null): boolean {
  return one === other || (one !== null && other !== null && one.id === other.id && one.name === other.name);
}

function namedOf(of: Named | null): Named | null {
  return of && { id: of.id, name: of.name };
}

/** The members of an object's text, without its braces. */
function membersOf(of: object): string {
  return JSON.stringify(of).slice(1, -1);
}

function within<Value>(tree: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  let found = tree.get(key);
  if (found === undefined) tree.set(key, (found = new Map<string, Value>()));
  return found;
}
