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
  for (let count = 1; ; count++) {
    const slug = Slug.parse(count === 1 ? base : `${base}-${count}`);
    const taken = await tx.selectFrom('user').select('id').where('slug', '=', slug).executeTakeFirst();
    if (taken === undefined) return slug;
  }
}
