// The name of a user who is made: of the address, and never one that somebody has. `ada@example.org` is `ada-example-org`, and where that is taken `ada-example-org-2`.
import { Slug } from '#contract/id.ts';
import type { Tx } from '../table.ts';

export async function freeSlug(tx: Tx, email: string): Promise<Slug> {
  const base =
    email
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 34)
      .replace(/-$/, '') || 'person';
  const slugOf = (count: number) => Slug.parse(count === 1 ? base : `${base}-${count}`);
  const isTaken = async (count: number) =>
    (await tx.selectFrom('user').select('id').where('slug', '=', slugOf(count)).executeTakeFirst()) !== undefined;
  // Doubled, then halved: the same few looks where thousands begin alike.
  let [taken, free] = [0, 1];
  while (await isTaken(free)) [taken, free] = [free, free * 2];
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isTaken(middle)) taken = middle;
    else free = middle;
  }
  return slugOf(free);
}
