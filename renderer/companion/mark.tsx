// The mark of a standing in the window: the same shapes as in the tray, as a picture that scales. It says nothing that the words beside it do not say.
import type { ReactNode } from 'react';
import type { StandingKind } from '#contract/standing.ts';

export function StandingMark({ kind, size }: { readonly kind: StandingKind; readonly size: number }) {
  return (
    <svg className={`mark ${kind}`} width={size} height={size} viewBox="-10 -10 20 20" aria-hidden="true">
      {pictures[kind]}
    </svg>
  );
}

const disk = <circle className="body" r="9.4" />;
const octagon = <path className="body" d="M-3.8-9.2h7.6l5.4 5.4v7.6l-5.4 5.4h-7.6l-5.4-5.4v-7.6z" />;
const exclamation = (
  <>
    <path className="stroke" d="M0-4.2v5" />
    <circle className="dot" cy="4.2" r="1.4" />
  </>
);
const dots = [-4.8, 0, 4.8].map((x) => <circle className="dot" key={x} cx={x} r="1.6" />);
const slash = <path className="stroke" d="M-4.6 4.6l9.2-9.2" />;
const waiting = (
  <>
    {disk}
    {dots}
  </>
);

const pictures: Readonly<Record<StandingKind, ReactNode>> = {
  connected: (
    <>
      {disk}
      <path className="stroke" d="M-4.6.2l3.2 3.4 6-7" />
    </>
  ),
  starting: waiting,
  connecting: waiting,
  offline: (
    <>
      {disk}
      {slash}
    </>
  ),
  unenrolled: (
    <>
      <rect className="body" x="-8.8" y="-8.8" width="17.6" height="17.6" rx="3" />
      <path className="stroke" d="M-4.6 0h9.2M0-4.6v9.2" />
    </>
  ),
  paused: (
    <>
      {disk}
      <path className="stroke" d="M-2.6-3.8v7.6M2.6-3.8v7.6" />
    </>
  ),
  noncompliant: (
    <>
      <path className="body" d="M0-9.4L9.8 8.4h-19.6z" />
      <g transform="translate(0 2)">{exclamation}</g>
    </>
  ),
  misconfigured: (
    <>
      <path className="body" d="M0-9.8L9.8 0 0 9.8-9.8 0z" />
      {exclamation}
    </>
  ),
  refused: (
    <>
      {octagon}
      {slash}
    </>
  ),
  revoked: (
    <>
      {octagon}
      <path className="stroke" d="M-3.8-3.8l7.6 7.6M-3.8 3.8l7.6-7.6" />
    </>
  ),
  absent: <circle className="hollow" r="7.8" />,
};
