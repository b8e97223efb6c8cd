// Root of the companion's page: follows the state that main sends and draws it.
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { CompanionPage, CompanionState } from '#contract/ipc.ts';
import { Status } from './status.tsx';

declare global {
  interface Window {
    readonly drawbridge: CompanionPage;
  }
}

export function Companion({ page }: { readonly page: CompanionPage }) {
  const [state, setState] = useState<CompanionState>();
  useEffect(() => {
    // Subscribe first, then ask: a change in between would be lost the other way round.
    let isHeard = false;
    const end = page.onChanged((next) => {
      isHeard = true;
      setState(next);
    });
    void page.current().then((first) => {
      if (!isHeard) setState(first);
    });
    return end;
  }, [page]);
  return <Status state={state} />;
}

const element = document.querySelector('#page');
if (element) createRoot(element).render(<Companion page={window.drawbridge} />);
