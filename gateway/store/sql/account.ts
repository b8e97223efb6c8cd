// Which user comes by which account at an identity provider. The one rule: an account is of one user and a user has one, for as long as the policy gives that
// user the address under which they first came by it; an address that somebody else's account tells makes nobody that user.
import { sql } from 'kysely';
import type { SignInStore, Whose } from '../sign-in.ts';
import type { Db, Tx } from '../table.ts';

type Account = Parameters<SignInStore['whose']>[0];
type Known = Exclude<Whose, { kind: 'nobody' | 'several' }>;

export async function whose(db: Db, { issuer, subject, email }: Account): Promise<Whose> {
  const [holder, ...others] = await db
    .selectFrom('user')
    .select(['id as user', 'slug'])
    .where(sql`lower(email)`, '=', email)
    .execute();
  if (others.length > 0) return { kind: 'several' };
  const bound = await standing(db).where('account.issuer', '=', issuer).where('account.subject', '=', subject).executeTakeFirst();
  if (bound) return holder && holder.user !== bound.user ? told('elsewhere', holder) : told('bound', bound);
  if (!holder) return { kind: 'nobody' };
  const taken = await standing(db).where('account.user_id', '=', holder.user).executeTakeFirst();
  return told(taken ? 'elsewhere' : 'unbound', holder);
}

/** Accounts that count. */
function standing(db: Db) {
  return db
    .selectFrom('account')
    .innerJoin('user', 'user.id', 'account.user_id')
    .select(['user.id as user', 'user.slug'])
    .where(sql<boolean>`lower("user".email) = account.email`);
}

function told(kind: Known['kind'], { user, slug }: Omit<Known, 'kind'>): Known {
  return { kind, user, slug };
}

/** Of a user whom `whose` calls unbound, or who is new. */
export async function bind(
  tx: Tx,
  { issuer, subject, email, ...of }: Account & { user: Known['user']; at: number },
): Promise<void> {
  await tx
    .deleteFrom('account')
    .where((is) => is.or([is('user_id', '=', of.user), is.and([is('issuer', '=', issuer), is('subject', '=', subject)])]))
    .execute();
  await tx.insertInto('account').values({ user_id: of.user, issuer, subject, email, bound_at: of.at }).execute();
}

export async function unbind(db: Db, of: Parameters<SignInStore['unbind']>[0]): Promise<number> {
  const from = db.deleteFrom('account');
  const { numDeletedRows } = await (
    'issuer' in of
      ? from.where('issuer', '=', of.issuer)
      : from.where(
          'user_id',
          'in',
          db
            .selectFrom('user')
            .select('id')
            .where(sql<string>`slug`, '=', of.slug),
        )
  ).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Of users who were lost they come back; one that was bound since stays, as user and as account. Who was there without one, of `there`, stays unbound: somebody may have unbound them. */
export async function mergeAccounts(tx: Tx, older: Db, there: ReadonlySet<string>): Promise<number> {
  // Whoever was made meanwhile under a name that came back is gone, and holds no account.
  await tx.deleteFrom('account').where('user_id', 'not in', tx.selectFrom('user').select('id')).execute();
  const live = await tx.selectFrom('account').selectAll().execute();
  const users = new Set<string>(live.map(({ user_id }) => user_id));
  const accounts = new Set(live.map(({ issuer, subject }) => JSON.stringify([issuer, subject])));
  const rows = await older.selectFrom('account').selectAll().execute();
  const missing = rows.filter(
    ({ user_id, issuer, subject }) =>
      !there.has(user_id) && !users.has(user_id) && !accounts.has(JSON.stringify([issuer, subject])),
  );
  for (const row of missing) await tx.insertInto('account').values(row).execute();
  return missing.length;
}
