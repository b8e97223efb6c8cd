// The agent of this OS user: followed where one runs, started where none does, started again with a back-off where ours ends unasked.
// Rule: an agent that someone else started is followed and never ended by us; ours ends with us, whatever way we end.
import type { AgentCommand } from '#contract/agent.ts';
import type { Answer, CompanionState } from '#contract/ipc.ts';
import { type AgentPlace, askAgent, watchAgent } from './agent-socket.ts';

/** A process with an agent in it. */
export interface AgentProcess {
  /** Called once, when it is gone. */
  onEnd(listener: () => void): void;
  /** It is up, or could not start because another agent runs; either way a look at the socket is due. */
  onWord(listener: () => void): void;
  askToStop(): void;
  kill(): void;
}

export interface CompanionAgent {
  current(): CompanionState;
  /** Throws AGENT_ABSENT where no answer comes. */
  ask(command: AgentCommand, withinMs?: number): Promise<Answer<unknown>>;
  /** The agent that runs was started by us. */
  isOurs(): boolean;
  /** Ends our agent, if it is ours, and stops following. Resolves when it is gone, after `stopWithinMs` at most. Idempotent. */
  close(): Promise<void>;
}

export interface AgentOptions extends AgentPlace {
  /** Starts an agent. Absent: none is ever started, only followed. */
  readonly start?: (() => AgentProcess) | undefined;
  readonly onChange: (state: CompanionState) => void;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  /** An agent that is connected is asked this often whether it still answers, */
  readonly pulseEveryMs: number;
  /** and has so long to say so. */
  readonly pulseWithinMs: number;
}

const retryMs = 100;
const askWithinMs = 20_000;
const usual: Timing = { pulseEveryMs: 30_000, pulseWithinMs: askWithinMs };
/** It says its state as soon as it is asked. */
const answerWithinMs = 10_000;
/** The agent promises to end within 3 s. */
const stopWithinMs = 3_500;
const firstWaitMs = 200;
const longestWaitMs = 30_000;
/** An agent of someone else that went away may be on its way back: two must not race for the lock. */
const foreignWaitMs = 1_000;
/** One that ran this long was well: the back-off begins anew. */
const wellAfterMs = 30_000;

export function companionAgent(options: AgentOptions): CompanionAgent {
  const { start } = options;
  const timing = { ...usual, ...options.timing };
  let ours: AgentProcess | undefined;
  let hasEnded = false;
  let waitMs = firstWaitMs;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let shown: CompanionState = absent(start ? 'starting' : 'not_running');

  const watch = watchAgent({
    ...options,
    retryMs,
    answerWithinMs,
    onChange: (state) => {
      if (state.kind === 'running') hasEnded = false;
      if (state.kind === 'absent' && state.reason === 'not_running')
        startLater(shown.kind === 'running' && !ours ? foreignWaitMs : 0);
      show(state);
    },
  });

  function show(seen: CompanionState): void {
    const isMissing = seen.kind === 'absent' && seen.reason === 'not_running';
    const next = isMissing && start && !closing ? absent(hasEnded ? 'restarting' : 'starting') : seen;
    if (next.kind === 'absent' && shown.kind === 'absent' && next.reason === shown.reason && next.detail === shown.detail) return;
    shown = next;
    options.onChange(next);
  }

  function startLater(afterMs: number): void {
    if (!start || ours || timer || closing) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (closing || watch.current().kind === 'running') return;
      begin(start);
    }, afterMs);
  }

  function begin(startOne: () => AgentProcess): void {
    const begun = performance.now();
    const child = startOne();
    ours = child;
    child.onWord(() => watch.look());
    child.onEnd(() => {
      ours = undefined;
      if (closing) return;
      hasEnded = true;
      const isWell = performance.now() - begun > wellAfterMs;
      const now = isWell ? firstWaitMs : waitMs;
      waitMs = Math.min(now * 2, longestWaitMs);
      // Where another agent holds the lock, the socket answers and nothing is started.
      startLater(now);
      // Where its end is heard before its socket's, the last that it said is no news.
      if (watch.current().kind === 'absent') show(watch.current());
    });
  }

  // A socket that is open says nothing of whether the agent behind it still does: one that hangs would be shown as it was for ever.
  let isAsking = false;
  const pulse = setInterval(() => {
    if (isAsking || closing || shown.kind !== 'running') return;
    isAsking = true;
    const asked = ours;
    askAgent(options, { name: 'status' }, timing.pulseWithinMs)
      .catch(() => {
        if (closing || shown.kind !== 'running') return;
        // Ours is started again when it has ended; of somebody else's it is said that it does not answer.
        if (asked && asked === ours) {
          hasEnded = true;
          asked.kill();
        }
        watch.drop();
      })
      .finally(() => (isAsking = false));
  }, timing.pulseEveryMs);

  const stopOurs = async (): Promise<void> => {
    const child = ours;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.onEnd(resolve));
    child.askToStop();
    const deadline = setTimeout(() => child.kill(), stopWithinMs);
    await gone;
    clearTimeout(deadline);
  };

  return {
    current: () => shown,
    ask: async (command, withinMs = askWithinMs) => await askAgent(options, command, withinMs),
    isOurs: () => ours !== undefined && shown.kind === 'running',
    close() {
      closing ??= stopOurs().finally(() => watch.close());
      clearTimeout(timer);
      clearInterval(pulse);
      return closing;
    },
  };
}

function absent(reason: 'starting' | 'restarting' | 'not_running'): CompanionState {
  return { kind: 'absent', reason, detail: reason === 'not_running' ? 'the agent does not answer' : 'it is on its way' };
}
