// Long lists in pages: every item once, in order, and a cursor that nobody but its own caller can use, for its own list.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../../../gateway/call.ts';
import { createPager } from '../../../gateway/pipeline/cursor.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { proves } from '../../requirement.ts';

const eng = Slug.parse('eng');
const user = UserId.parse(newId());
function request(change: { user?: UserId; host?: string; method?: string; server?: string } = {}): Identified {
  return {
    era: 'modern',
    method: change.method ?? 'tools/list',
    target: { gateway: eng, server: change.server === undefined ? undefined : Slug.parse(change.server) },
    body: Buffer.alloc(0),
    caller: {
      user: { id: change.user ?? user, slug: Slug.parse('ada') },
      host: change.host ?? 'codex',
      token: TokenId.parse(newId()),
      gateway: eng,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
}
const itemsOf = (sizes: readonly number[]) => sizes.map((size, index) => ({ name: `item-${index}`, json: Buffer.alloc(size) }));
const codeOf = (act: () => unknown) => {
  try {
    act();
    return 'fine';
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
};

describe('a list', () => {
  test('comes whole, in order and in pages of at most 1 MiB and one item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700_000 }), { maxLength: 12 }), (sizes) => {
        const pager = createPager(createSeal(randomBytes(32), 'cursor'));
        const items = itemsOf(sizes);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = pager.page(request(), cursor, items);
          if (cursor !== undefined) expect(page.items.length).toBeGreaterThan(0);
          const bytes = page.items.slice(0, -1).reduce((sum, { json }) => sum + json.length, 0);
          expect(bytes).toBeLessThan(1024 * 1024);
          seen.push(...page.items.map(({ name }) => name));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(items.map(({ name }) => name));
      }),
    );
  });

  const items = itemsOf([1_000_000, 1_000_000, 1_000_000, 1_000_000]);
  test('goes on for nobody else, at no other route and for no other method', () => {
    proves('protocol.cursor-sealed', {
      file: 'gateway/pipeline/cursor.ts',
      find: "[caller.user.id, caller.host, target.gateway, target.server ?? '', method]",
      replace: "['anybody']",
    });
    const pager = createPager(createSeal(randomBytes(32), 'cursor'));
    const { nextCursor } = pager.page(request(), undefined, items);
    expect(pager.page(request(), nextCursor, items).items[0]?.name).toBe('item-2');
    for (const other of [
      request({ user: UserId.parse(newId()) }),
      request({ host: 'claude-code' }),
      request({ method: 'prompts/list' }),
      request({ server: 'files' }),
    ])
      expect(codeOf(() => pager.page(other, nextCursor, items))).toBe('INVALID_PARAMS');
  });

  test('is begun anew where the cursor is none, was altered, or its item is gone', () => {
    const pager = createPager(createSeal(randomBytes(32), 'cursor'));
    const { nextCursor = '' } = pager.page(request(), undefined, items);
    const altered = `${nextCursor.slice(0, -2)}${nextCursor.at(-2) === 'A' ? 'B' : 'A'}${nextCursor.at(-1)}`;
    for (const cursor of [
      '',
      'x',
      7,
      null,
      {},
      altered,
      nextCursor.slice(0, 40),
      createPager(createSeal(randomBytes(32), 'cursor')).page(request(), undefined, items).nextCursor,
    ])
      expect(codeOf(() => pager.page(request(), cursor, items))).toBe('INVALID_PARAMS');
    expect(codeOf(() => pager.page(request(), nextCursor, items.slice(2)))).toBe('INVALID_PARAMS');
    expect(nextCursor).not.toContain('item');
  });
});
