// How a component reaches main: the state that main tells, and one question at a time with its progress and its error in words.
// Nothing here decides; a question that failed leaves a sentence for the person who asked.
import { createContext, useCallback, useContext, useEffect, useState } from 'react';
import type { InvocationName } from '#contract/channel-name.ts';
import type { CompanionPage, CompanionState, Place, Reply, Request } from '#contract/ipc.ts';

const PageContext = createContext<CompanionPage | undefined>(undefined);
export const Drawbridge = PageContext.Provider;

export function usePage(): CompanionPage {
  const page = useContext(PageContext);
  if (!page) throw new Error('rendered outside of <Drawbridge>');
  return page;
}

/** The companion's state; undefined until the first word. */
export function useCompanionState(): CompanionState | undefined {
  const page = usePage();
  const [state, setState] = useState<CompanionState>();
  useEffect(() => {
    // Subscribe first, then ask: a change in between would be lost the other way round.
    let isHeard = false;
    const end = page.listen('companion:changed', (next) => {
      isHeard = true;
      setState(next);
    });
    void page.ask('companion:current', undefined).then((first) => {
      if (first.ok && !isHeard) setState(first.value);
    });
    return end;
  }, [page]);
  return state;
}

/** Where main wants the page to be: at its opening, and whenever the tray, a notification or a link leads somewhere. */
export function usePlace(onPlace: (place: Place) => void): void {
  const page = usePage();
  useEffect(() => {
    const end = page.listen('companion:go', onPlace);
    void page.ask('companion:place', undefined).then((first) => {
      if (first.ok) onPlace(first.value);
    });
    return end;
  }, [page, onPlace]);
}

export type Asked<T> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly message: string };

/** One question and how it stands. The returned function resolves with the value, or undefined where it failed. */
export function useAsk<C extends InvocationName>(
  channel: C,
): readonly [Asked<Reply<C>>, (request: Request<C>) => Promise<Reply<C> | undefined>] {
  const page = usePage();
  const [asked, setAsked] = useState<Asked<Reply<C>>>({ kind: 'idle' });
  const ask = useCallback(
    async (request: Request<C>) => {
      setAsked({ kind: 'waiting' });
      const answer = await page
        .ask(channel, request)
        .catch(() => ({ ok: false, message: 'Drawbridge did not answer. Try again.' }) as const);
      if (!answer.ok) {
        setAsked({ kind: 'failed', message: answer.message });
        return undefined;
      }
      setAsked({ kind: 'done', value: answer.value });
      return answer.value;
    },
    [page, channel],
  );
  return [asked, ask];
}

/** The time now, looked at every ten seconds, so that "2 minutes ago" stays true. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
