// What the companion's page can do beside drawing: ask for the state and hear of its changes. It runs sandboxed, between page and main.
// Only these two functions cross; neither Electron's objects nor a channel's name does.
import { contextBridge, ipcRenderer } from 'electron';
import type { CompanionPage, CompanionState, InvocationName, PushName } from '#contract/ipc.ts';

const current = 'companion:current' satisfies InvocationName;
const changed = 'companion:changed' satisfies PushName;

const page: CompanionPage = {
  current: async () => await ipcRenderer.invoke(current),
  onChanged(listener) {
    const forward = (_event: unknown, state: CompanionState) => listener(state);
    ipcRenderer.on(changed, forward);
    return () => ipcRenderer.off(changed, forward);
  },
};

contextBridge.exposeInMainWorld('drawbridge', page);
