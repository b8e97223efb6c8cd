// What the tray program answers its page: most questions go to the agent, the rest is the desktop's (clipboard, files, browser, quitting).
// The page names what it wants, never where: addresses come from the profile, the token of a link stays here, commands are built here.
import type { AgentCommand } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Answer, CompanionState, Place, StartAtLogin } from '#contract/ipc.ts';
import { type Secret, reveal } from '#contract/secret.ts';
import type { Works } from './ipc.ts';
import { mayQuit } from './tray-view.ts';

export interface AnswerDeps {
  current(): CompanionState;
  ask(command: AgentCommand): Promise<Answer<unknown>>;
  /** Where the page begins; read once, then it is the status. */
  takePlace(): Place;
  /** The token of the link that was opened. */
  link(): Secret<string> | undefined;
  /** That token was spent. */
  forgetLink(token: Secret<string>): void;
  copy(text: string): void;
  /** Where it was saved; undefined where the person changed their mind. */
  save(name: string, text: string): Promise<string | undefined>;
  openAddress(url: string): Promise<void>;
  /** Start at login, as it is now. */
  startAtLogin(): Promise<StartAtLogin>;
  /** Rejects with PROFILE_FORBIDS where it is not for the user to say. */
  chooseStartAtLogin(isOn: boolean): Promise<StartAtLogin>;
  quit(reason: string | undefined): void;
  /** Versions of the companion itself, for the diagnostics. */
  readonly about: Readonly<Record<string, string>>;
}

const done: Answer<unknown> = { ok: true, value: {} };

export function answers(deps: AnswerDeps): Works {
  const { ask } = deps;
  return {
    'companion:current': () => ({ ok: true, value: deps.current() }),
    'companion:place': () => ({ ok: true, value: deps.takePlace() }),
    'agent:reload': () => ask({ name: 'reload' }),
    'server:restart': ({ server }) => ask({ name: 'restart_server', server }),
    'server:log': ({ server }) => ask({ name: 'server_log', server }),
    'host:diff': ({ host }) => ask({ name: 'host_diff', host }),
    'host:undo': ({ host }) => ask({ name: 'undo_host', host }),
    'host:converge': ({ host }) => ask({ name: 'converge_host', host }),
    'pause:begin': ({ minutes, reason }) => ask({ name: 'pause', minutes, ...(reason === undefined ? {} : { reason }) }),
    'pause:end': () => ask({ name: 'resume' }),
    async 'device:enroll'(by) {
      if (by.by === 'token') return await ask({ name: 'enroll', token: by.token });
      const link = deps.link();
      if (!link) throw new Fault('LINK_GONE');
      const answer = await ask({ name: 'enroll', token: reveal(link) });
      // One that was not spent may be tried again: the gateway may only have been away.
      if (answer.ok) deps.forgetLink(link);
      return answer;
    },
    async 'diagnostics:copy'() {
      deps.copy(await diagnostics(deps));
      return done;
    },
    async 'diagnostics:save'() {
      const file = await deps.save('drawbridge-diagnostics.json', await diagnostics(deps));
      return { ok: true, value: file === undefined ? {} : { file } };
    },
    async 'help:open'({ what }) {
      const state = deps.current();
      const profile = state.kind === 'running' ? state.state.profile : undefined;
      const url = what === 'support' ? profile?.supportUrl : profile?.managedByUrl;
      if (url === undefined || !isHttps(url)) throw new Fault('NOTHING_TO_OPEN');
      await deps.openAddress(url);
      return done;
    },
    'login:current': async () => ({ ok: true, value: await deps.startAtLogin() }),
    'login:choose': async ({ isOn }) => ({ ok: true, value: await deps.chooseStartAtLogin(isOn) }),
    'companion:quit'({ reason }) {
      if (!mayQuit(deps.current())) throw new Fault('PROFILE_FORBIDS', { what: 'quitting' });
      deps.quit(reason);
      return done;
    },
  };
}

/** One JSON text without secrets: what the agent says of itself, or why there is none, and the companion's own versions. */
export async function diagnostics(deps: Pick<AnswerDeps, 'current' | 'ask' | 'about'>): Promise<string> {
  const companion = { ...deps.about };
  try {
    const answer = await deps.ask({ name: 'diagnostics' });
    if (!answer.ok) return JSON.stringify({ companion, agent: { code: answer.code, message: answer.message } }, undefined, 2);
    return JSON.stringify({ companion, agent: agentText(answer.value) }, undefined, 2);
  } catch (error) {
    const state = deps.current();
    const agent = { reason: error instanceof Fault ? error.message : 'it could not be asked', kind: state.kind };
    return JSON.stringify({ companion, agent }, undefined, 2);
  }
}

function agentText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('text' in value) || typeof value.text !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(value.text);
    return parsed;
  } catch {
    return value.text;
  }
}

/** The only addresses that are handed to the browser. */
export function isHttps(url: string): boolean {
  return /^https:\/\/[^/]/.test(url);
}
