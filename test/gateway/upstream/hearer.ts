// A hearer that writes down what it hears.
import type { Slug } from '#contract/id.ts';
import type { Hearer } from '../../../gateway/call.ts';

export interface Noted extends Hearer {
  readonly uris: string[];
  readonly own: string[];
  readonly heard: string[];
  isThere: boolean;
  keepsOpen: boolean;
}

export function hearer(is: Partial<Pick<Noted, 'isThere' | 'keepsOpen' | 'uris' | 'own'>> = {}): Noted {
  const heard: string[] = [];
  const uris = is.uris ?? [];
  const tasks = is.own ?? [];
  return {
    isThere: is.isThere ?? true,
    keepsOpen: is.keepsOpen ?? false,
    uris,
    own: tasks,
    heard,
    subscribed: () => uris,
    listChanged: (_: Slug, kind) => void heard.push(kind),
    updated: (_: Slug, subscribed) => void heard.push(subscribed),
    tasks: () => tasks,
    taskMoved: (_: Slug, own) => void heard.push(own),
    missed: () => void heard.push('missed'),
  };
}
