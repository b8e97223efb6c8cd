// What the tray shows, as a pure function of the companion's state: the icon, the tooltip and the menu.
// Pause and quit stand in it only where the profile allows them; what it says is what the window says.
import type { AgentProfile } from '#contract/agent.ts';
import type { CompanionState } from '#contract/ipc.ts';
import { type StandingKind, hostsToRestart, restartWords, standingOf } from '#contract/standing.ts';

export type TrayAction = 'open' | 'open_hosts' | 'pause' | 'resume' | 'diagnostics' | 'help' | 'quit';
export type TrayItem =
  | { readonly kind: 'words'; readonly label: string }
  | { readonly kind: 'line' }
  | { readonly kind: 'action'; readonly action: TrayAction; readonly label: string };

export interface TrayView {
  /** False where IT hides the icon. */
  readonly isShown: boolean;
  readonly icon: StandingKind;
  readonly tooltip: string;
  readonly items: readonly TrayItem[];
}

const line: TrayItem = { kind: 'line' };
const action = (name: TrayAction, label: string): TrayItem => ({ kind: 'action', action: name, label });
/** A menu that is wider than this is cut by some desktops. */
const widest = 64;

/** `wasShown`: while the agent is away nobody says whether IT hides the icon, and what it set last holds. */
export function trayView(state: CompanionState, nowMs: number, wasShown = true): TrayView {
  const standing = standingOf(state, nowMs);
  const agent = state.kind === 'running' ? state.state : undefined;
  const restarts = agent ? hostsToRestart(agent).map((host) => action('open_hosts', `${restartWords(host)} …`)) : [];
  const managed: TrayItem[] = agent?.profile.managedBy ? [{ kind: 'words', label: `Managed by ${agent.profile.managedBy}` }] : [];
  return {
    isShown: agent ? agent.profile.values.TrayVisibility !== 'hide' : wasShown,
    icon: standing.kind,
    tooltip: `Drawbridge: ${standing.title}`,
    items: [
      ...wrap(standing.headline).map((label): TrayItem => ({ kind: 'words', label })),
      ...managed,
      line,
      action('open', 'Open Drawbridge'),
      ...restarts,
      line,
      ...(agent ? pauseItems(agent.profile.allows, agent.paused !== undefined) : []),
      action('diagnostics', 'Copy diagnostics'),
      ...(agent?.profile.supportUrl?.startsWith('https://') ? [action('help', 'Help')] : []),
      ...(mayQuit(state) ? [line, action('quit', 'Quit Drawbridge …')] : []),
    ],
  };
}

/** Without an agent nobody said that quitting is forbidden; but IT's profile counts again as soon as it is back, so doubt refuses. */
export function mayQuit(state: CompanionState): boolean {
  return state.kind === 'running' && state.state.profile.allows.quit;
}

function pauseItems(allows: AgentProfile['allows'], isPaused: boolean): TrayItem[] {
  if (isPaused) return [action('resume', 'Resume')];
  return allows.pause === 'never' ? [] : [action('pause', 'Pause …')];
}

/** In lines of a menu's width: three at most, of about the same length. */
function wrap(text: string): string[] {
  const count = Math.min(3, Math.ceil(text.length / widest));
  const lines: string[] = [];
  let rest = text;
  for (let left = count; left > 1; left--) {
    const even = rest.indexOf(' ', Math.floor(rest.length / left) - 4);
    const cut = even > widest ? rest.lastIndexOf(' ', widest) : even;
    if (cut < 0) break;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return [...lines, rest.length <= widest + 8 ? rest : `${rest.slice(0, widest)} …`];
}
