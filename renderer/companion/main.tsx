// Root of the companion's page: follows the state that main sends and draws it.
import { createRoot } from 'react-dom/client';
import type { CompanionPage } from '#contract/ipc.ts';
import { Companion } from './companion.tsx';
import { Drawbridge } from './drawbridge.ts';

declare global {
  interface Window {
    readonly drawbridge: CompanionPage;
  }
}

const element = document.querySelector('#page');
if (element)
  createRoot(element).render(
    <Drawbridge value={window.drawbridge}>
      <Companion />
    </Drawbridge>,
  );
