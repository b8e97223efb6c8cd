// Start at login as the profile says it and, where the profile leaves it to the user, as the user says it. What was chosen stands with the operating system.
// Rule: nobody chooses unless the profile says user_decides, and a source tree is never started at login.
import type { App } from 'electron';
import { Fault } from '#contract/error.ts';
import type { StartAtLogin } from '#contract/ipc.ts';
import { type AutostartPlace, autostartNow, followAutostart } from './autostart.ts';

/** AutoStart as the profile has it, and whether it says so itself. */
export interface LoginSetting {
  readonly value: string | undefined;
  readonly isSet: boolean;
}

export interface LoginStart {
  /** Makes it so as the profile says. */
  follow(setting: LoginSetting): Promise<void>;
  current(setting: LoginSetting): Promise<StartAtLogin>;
  /** The user's choice. Rejects with PROFILE_FORBIDS where it is not theirs. */
  choose(setting: LoginSetting, isOn: boolean): Promise<StartAtLogin>;
}

export interface LoginStartDeps extends Omit<AutostartPlace, 'program'> {
  readonly platform: NodeJS.Platform;
  /** The program that will still be there; undefined where there is none. */
  readonly program: string | undefined;
  readonly items: Pick<App, 'getLoginItemSettings' | 'setLoginItemSettings'>;
}

const args = ['--hidden'];

export function createLoginStart({ platform, program, items, ...around }: LoginStartDeps): LoginStart {
  let followed = '';

  async function current({ value }: LoginSetting): Promise<StartAtLogin> {
    if (value !== 'user_decides') return { kind: 'by_profile' };
    if (program === undefined) return { kind: 'no_program' };
    if (platform !== 'linux') return { kind: 'by_user', isOn: items.getLoginItemSettings({ args }).openAtLogin };
    const now = await autostartNow({ ...around, program });
    return now === 'own_file' ? { kind: 'own_file' } : { kind: 'by_user', isOn: now === 'on' };
  }

  async function make(wanted: 'always' | 'never', lasting: string): Promise<void> {
    if (platform === 'linux') await followAutostart(wanted, true, { ...around, program: lasting });
    else items.setLoginItemSettings({ openAtLogin: wanted === 'always', args });
  }

  return {
    async follow({ value, isSet }) {
      const setting = `${value} ${isSet}`;
      if (program === undefined || followed === setting) return;
      followed = setting;
      if (platform === 'linux') await followAutostart(value, isSet, { ...around, program });
      else if (value === 'never' || (value === 'always' && isSet)) await make(value, program);
    },
    current,
    async choose(setting, isOn) {
      const before = await current(setting);
      if (before.kind !== 'by_user' || program === undefined)
        throw new Fault('PROFILE_FORBIDS', { what: 'choosing whether it starts at login' });
      await make(isOn ? 'always' : 'never', program);
      return await current(setting);
    },
  };
}
