// What the companion's page can do beside drawing: ask and listen on the channels of contract/channel-name.ts. It runs sandboxed, between page and main.
// Only these two functions cross, and a name that is not in the list goes nowhere: Electron's own objects stay here.
import { contextBridge, ipcRenderer } from 'electron';
import { invocationNames, pushNames } from '#contract/channel-name.ts';
import type { CompanionPage } from '#contract/ipc.ts';

const page: CompanionPage = {
  async ask(channel, request) {
    if (!invocationNames.includes(channel)) throw new Error('there is no such channel');
    return await ipcRenderer.invoke(channel, request);
  },
  listen(channel, listener) {
    if (!pushNames.includes(channel)) throw new Error('there is no such channel');
    const forward = (_event: unknown, told: Parameters<typeof listener>[0]) => listener(told);
    ipcRenderer.on(channel, forward);
    return () => ipcRenderer.off(channel, forward);
  },
};

contextBridge.exposeInMainWorld('drawbridge', page);
