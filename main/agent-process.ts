// The agent in a utility process of Electron: the same program that `drawbridge agent` runs, as its own process, with its own memory and no window.
// It dies with us whatever happens, and its children die with it (bridge/server/guard.ts).
import { utilityProcess } from 'electron';
import { AgentFailed, AgentStarted } from '#contract/agent.ts';
import type { AgentProcess } from './agent.ts';

/** `file`: the bundle of the agent. `args`: as `drawbridge agent` takes them. */
export function forkAgent(file: string, args: readonly string[], onFailure: (message: string) => void): AgentProcess {
  const child = utilityProcess.fork(file, [...args], { serviceName: 'Drawbridge agent', stdio: 'inherit' });
  const listeners: (() => void)[] = [];
  const words: (() => void)[] = [];
  child.on('message', (message: unknown) => {
    const failed = AgentFailed.safeParse(message);
    if (failed.success) onFailure(failed.data.message);
    if (failed.success || AgentStarted.safeParse(message).success) for (const listener of words) listener();
  });
  let isGone = false;
  // The code says nothing: an agent that was killed has been seen to end with 0.
  child.on('exit', () => {
    isGone = true;
    for (const listener of listeners.splice(0)) listener();
  });
  return {
    onEnd: (listener) => void (isGone ? listener() : listeners.push(listener)),
    onWord: (listener) => void words.push(listener),
    askToStop: () => void child.postMessage({ order: 'stop' }),
    // Electron asks first and ends it by force 2 s later, so it may hang.
    kill: () => void child.kill(),
  };
}
