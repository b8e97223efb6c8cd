// Small parts that the sections share: a heading, a time, what a question came to, nothing to show.
import type { ReactNode } from 'react';
import { relativeWords, wholeWords } from '#contract/when.ts';
import type { Asked } from './drawbridge.ts';

/** A section's heading and what it is for, then its content. */
export function SectionPage({
  title,
  lead,
  tools,
  children,
}: {
  readonly title: string;
  readonly lead?: string;
  readonly tools?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section aria-label={title}>
      <header className="head">
        <div>
          <h1>{title}</h1>
          {lead === undefined ? null : <p className="lead">{lead}</p>}
        </div>
        {tools}
      </header>
      {children}
    </section>
  );
}

/** `5 minutes ago`, with the whole date in its title. For what is past: the window's clock is looked at only now and then. */
export function When({ at, now }: { readonly at: number; readonly now: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={wholeWords(at)}>
      {relativeWords(at, Math.max(at, now))}
    </time>
  );
}

/** Says how a question stands; the words after success come from the caller. Silent before it is asked. */
export function Outcome<T>({
  of,
  waiting,
  done,
}: {
  readonly of: Asked<T>;
  readonly waiting: string;
  readonly done?: ((value: T) => string) | undefined;
}) {
  switch (of.kind) {
    case 'idle':
      return null;
    case 'waiting':
      return (
        <p role="status" className="outcome">
          {waiting}
        </p>
      );
    case 'done':
      return done ? (
        <p role="status" className="outcome good">
          {done(of.value)}
        </p>
      ) : null;
    case 'failed':
      return (
        <p role="alert" className="outcome bad">
          {of.message}
        </p>
      );
  }
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** What every section says where there is no agent. */
export function NoAgent() {
  return <Empty>Nothing can be shown while the Drawbridge agent does not answer.</Empty>;
}

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

/** A word with a color and a shape: the shape says the same to who does not see the color. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={`badge ${tone}`}>
      <span aria-hidden="true">{signs[tone]}</span> {children}
    </span>
  );
}

const signs: Readonly<Record<Tone, string>> = { good: '✓', busy: '…', warn: '!', bad: '✕', quiet: '–' };
