// Who sits before a browser, for pages of our own: made when a person has just proved who they are, known by a random cookie whose SHA-256 is kept, for
// eight hours. Rule: it opens the person's own pages and nothing else; it is no token, and the policy says at each look whether the person is still there.
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { UserId } from '#contract/id.ts';
import { hostSession, type Person, personById } from '../../sign-in/person.ts';
import type { Store } from '../../store/store.ts';
import { cookieOf, setCookie } from '../cookie.ts';

/** Where a sign-in of a host goes on once its person has looked after their identities. */
export const GoOn = z.object({ title: z.string(), gateway: z.string(), url: z.string() });
export type GoOn = z.infer<typeof GoOn>;

export interface PersonSession {
  readonly person: Person;
  readonly goOn: GoOn | undefined;
  /** What the browser is known by. */
  readonly secret: string;
}
export interface PersonSessions {
  /** A browser that knows this person already keeps its session, so that the forms of its open pages still count. */
  begin(request: IncomingMessage, response: ServerResponse, person: { readonly id: UserId }, goOn?: GoOn): Promise<void>;
  /** Undefined where nobody is signed in. */
  of(request: IncomingMessage): Promise<PersonSession | undefined>;
  /** The browser knows nobody any more, for hosts either. */
  end(request: IncomingMessage): Promise<void>;
}

const model = 'PersonSession';
const lastsMs = 8 * 3_600_000;
/** As long as the sign-in of the host lasts. */
const goOnMs = 600_000;
const Kept = z.object({ user: UserId, goOn: GoOn.optional(), goOnUntil: z.number().optional() });

export function createPersonSessions(deps: { store: Store; isSecure: boolean; now: () => number }): PersonSessions {
  const { store, isSecure, now } = deps;
  const name = isSecure ? '__Host-person' : 'drawbridge-person';
  const sessions: PersonSessions = {
    async begin(request, response, { id }, goOn) {
      const before = await sessions.of(request);
      const secret = before?.person.id === id ? before.secret : randomBytes(24).toString('base64url');
      const onward = goOn && { goOn, goOnUntil: now() + goOnMs };
      const body = JSON.stringify({ user: id, ...onward } satisfies z.infer<typeof Kept>);
      const item = { model, key: hash('sha256', secret), family: null, uid: null, connection: null, consumedAt: null };
      await store.signIn.putItem({ ...item, body, expiresAt: now() + lastsMs }, now());
      setCookie(response, name, secret, isSecure);
    },
    async of(request) {
      const secret = cookieOf(request, name);
      if (secret === undefined) return undefined;
      const item = await store.signIn.item(model, hash('sha256', secret));
      if (!item || item.expiresAt <= now()) return undefined;
      const kept = Kept.parse(JSON.parse(item.body));
      const person = await personById(store, kept.user);
      const goOn = (kept.goOnUntil ?? 0) > now() ? kept.goOn : undefined;
      return person && { person, goOn, secret };
    },
    async end(request) {
      const secret = cookieOf(request, name);
      if (secret !== undefined) await store.signIn.removeItem(model, hash('sha256', secret));
      const host = cookieOf(request, isSecure ? hostSession.secureCookie : hostSession.cookie, /^[\w-]{20,64}$/);
      if (host !== undefined) await store.signIn.removeItem(hostSession.model, hash('sha256', host));
    },
  };
  return sessions;
}

/** What a form carries to show that it comes from our page, in this browser. */
export function proofFor(secret: string): string {
  return createHmac('sha256', secret).update('drawbridge form').digest('base64url');
}

export function isProof(given: string | null, secret: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(proofFor(secret))];
  return one.length === other.length && timingSafeEqual(one, other);
}
