// Pins of assignments as maps, made from the store's rows. The rule: a row that can't be read closes its whole assignment, because nobody knows what it said.
import type { Hints } from '#contract/condition.ts';
import type { AssignmentId } from '#contract/id.ts';
import type { PinPolicy, PinState } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';
import type { Pins } from '../call.ts';

/** One row of the store: a definition by its hash. `name` undefined: the row can't be read. */
interface Row {
  readonly assignment: string;
  readonly kind: ItemKind;
  readonly name: string | undefined;
  readonly hash: string;
  readonly body: string;
  readonly hints: Hints;
  readonly state: PinState;
  readonly decidedAt: number | null;
}
interface Definition {
  readonly state: PinState;
  readonly body: string;
  readonly hints: Hints;
}
/** What is pinned of one assignment. */
export interface PinBoard {
  readonly items: Readonly<Record<ItemKind, ReadonlyMap<string, ReadonlyMap<string, Definition>>>>;
  /** Another one whenever an administrator decided something. */
  readonly decided: string;
  readonly isBroken: boolean;
}
/** By the assignment's id. */
export type PinBoards = ReadonlyMap<string, PinBoard>;

export function compilePins(rows: readonly Row[]): PinBoards {
  return new Map([...Map.groupBy(rows, ({ assignment }) => assignment)].map(([id, own]) => [id, boardOf(own)]));
}

function boardOf(rows: readonly Row[]): PinBoard {
  const items: Record<ItemKind, Map<string, Map<string, Definition>>> = {
    tools: new Map(),
    prompts: new Map(),
    resources: new Map(),
    templates: new Map(),
  };
  let newest = 0;
  let decisions = 0;
  for (const { kind, name, hash, body, hints, state, decidedAt } of rows) {
    if (decidedAt !== null) decisions++;
    newest = Math.max(newest, decidedAt ?? 0);
    if (name === undefined) continue;
    const definitions = items[kind].get(name) ?? new Map<string, Definition>();
    items[kind].set(name, definitions.set(hash, { state, body, hints }));
  }
  // States too: of two decisions in one millisecond the second one may take back the first.
  const rejected = rows.filter(({ state, decidedAt }) => decidedAt !== null && state !== 'accepted').length;
  return { items, decided: `${decisions} ${newest} ${rejected}`, isBroken: rows.some(({ name }) => name === undefined) };
}

const empty = boardOf([]);

/** The pins of an assignment; undefined where its policy is not to have any. */
export function pinsOf(id: AssignmentId, policy: PinPolicy, board: PinBoard = empty): Pins | undefined {
  if (policy === 'off') return undefined;
  const of = (kind: ItemKind, name: string) => board.items[kind].get(name);
  return {
    assignment: id,
    policy,
    stateOf: (kind, name, hash) => (board.isBroken ? 'rejected' : of(kind, name)?.get(hash)?.state),
    hintsOf: (kind, name, hash) => (board.isBroken ? undefined : of(kind, name)?.get(hash)?.hints),
    acceptedOf: (kind, name) =>
      board.isBroken ? [] : [...(of(kind, name) ?? [])].flatMap(([hash, { state }]) => (state === 'accepted' ? [hash] : [])),
    knows: (kind, name) => of(kind, name) !== undefined,
    accepted: (kind) =>
      [...board.items[kind]].flatMap(([name, definitions]) => {
        const bodies = [...definitions.values()].flatMap(({ state, body }) => (state === 'accepted' ? [body] : []));
        return bodies.length > 0 ? [{ name, bodies }] : [];
      }),
    decided: `${policy} ${board.decided}`,
  };
}
