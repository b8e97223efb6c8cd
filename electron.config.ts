// Bundles the tray program: main and agent for Node, the preload script for its sandbox, the page for the browser.
// Everything but Electron and what is native is bundled, as CommonJS, so that the packaged app needs no tree of packages.
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import { type Plugin, build } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cjs = {
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name]-[hash].cjs',
  dynamicImportInCjs: false,
} as const;
/** Of Electron's Node: old syntax costs nothing, and the tests' Electron is older than the one that ships. */
const target = 'node18.15';
const external = ['@napi-rs/keyring', 'bufferutil', 'utf-8-validate'];

/** The agent, by itself and after main: built together, the bundler has let main load the agent's bundle, and main then ran the agent in its own process. */
const agent: Plugin = {
  name: 'drawbridge:agent',
  async closeBundle() {
    await build({
      configFile: false,
      logLevel: 'warn',
      root: at('.'),
      define: { 'import.meta.url': 'require("node:url").pathToFileURL(__filename).href', 'import.meta.dirname': '__dirname' },
      ssr: { noExternal: true, external },
      build: {
        ssr: true,
        target,
        outDir: at('out/main'),
        emptyOutDir: false,
        rolldownOptions: { input: { agent: at('bridge/utility.ts') }, external, output: cjs },
      },
    });
  },
};

export default defineConfig({
  main: {
    plugins: [agent],
    build: {
      target,
      outDir: at('out/main'),
      emptyOutDir: true,
      externalizeDeps: false,
      rolldownOptions: { input: { main: at('main/main.ts') }, external, output: cjs },
    },
  },
  preload: {
    build: {
      target,
      outDir: at('out/preload'),
      emptyOutDir: true,
      externalizeDeps: false,
      rolldownOptions: { input: { preload: at('main/preload.ts') }, output: cjs },
    },
  },
  renderer: {
    root: at('renderer'),
    plugins: [react()],
    build: {
      target: 'chrome114',
      outDir: at('out/renderer'),
      emptyOutDir: true,
      rolldownOptions: { input: { index: at('renderer/index.html') } },
    },
  },
});
