// What every command of `drawbridge` shares: who runs it and where, the options that name the device's parts, and where its words go.
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Device } from '../location.ts';
import { readProfile } from '../profile/read.ts';
import type { ProfileReading } from '../profile/read.ts';

/** The process as its root found it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: string;
  readonly pid: number;
  /** -1 on Windows. */
  readonly uid: number;
  readonly home: string;
  readonly userName: string;
  readonly hostname: string;
  readonly osVersion: string;
  readonly shell: string | undefined;
  readonly directory: string;
  readonly node: string;
  /** The file of this program. */
  readonly cli: string;
  readonly productVersion: string;
}

/** What the agent is to those who started it. */
export interface RunningAgent {
  readonly socket: string;
  /** Resolves when a client asked it to end and may. */
  readonly stopAsked: Promise<void>;
  close(): Promise<void>;
}

export interface Terminal {
  readonly around: Surroundings;
  startAgent(device: Device): Promise<RunningAgent>;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** What was asked for. */
  print(text: string): void;
  /** A line beside it, for the person only. */
  note(line: string): void;
  exitWith(code: number): void;
  /** Ends the process, whatever is still open. */
  exitNow(code: number): void;
  /** Aborts when the person or the system asks to end. */
  untilEnded(): AbortSignal;
}
export type AddCommands = (program: Command, terminal: Terminal) => void;

export interface Common {
  readonly state?: string;
  readonly home?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

export const stateOption = (): Option => new Option('--state <dir>', "the bridge's own state (default: the platform's place)");
export const homeOption = (): Option => new Option('--home <dir>', 'the home whose AI hosts are managed (default: yours)');
export const profileOption = (): Option =>
  new Option('--profile <file>', "a profile where IT's own is not there: yours or root's, not writable by everybody");
export const jsonOption = (): Option => new Option('--json', 'print JSON');

export function profileOf(device: Device, { platform, uid, userName }: Surroundings): Promise<ProfileReading> {
  return readProfile({ platform, uid, userName, file: device.profileFile });
}

/**
 * What may be written to a terminal: a cloned repository names servers and programs, and what they are called must not draw, hide or reorder anything. Such
 * characters are spelled as JSON spells them, so JSON stays the same JSON; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(
    /(?![\n\t]|\r\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room on the disk, and run it again.',
  EDQUOT: 'Make room on the disk, and run it again.',
  EROFS: 'Name a place that can be written to.',
  EACCES: 'Give this user the right to, or run it as the user whose it is.',
  EPERM: 'Give this user the right to, or run it as the user whose it is.',
};

/** What went wrong, in one line for a person. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const what = 'code' in error && typeof error.code === 'string' ? advice[error.code] : undefined;
  return what === undefined ? error.message : `${error.message}. ${what}`;
}
