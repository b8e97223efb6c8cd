// The hosts and clients that sign in with nothing but URLs: how each is made to begin, and how it then calls a tool. One list for the table and the tests.
import type { SignInGround } from './sign-in-ground.ts';
import { inspector, mcpRemote, sdkOne, sdkTwo } from './sign-in-client.ts';
import { terminalHosts } from './sign-in-terminal.ts';

/** Opens the address that a host prints, as the person would, and gives the answer to whoever waits on loopback. */
export type Person = (address: string) => Promise<URL>;

/** One run of a host, from the files that the bridge made. */
export interface Session {
  /** Ends when the host says that it is signed in to this server. */
  signIn(server: string, person: Person): Promise<void>;
  /** What the tool answered, or what the host said instead. */
  call(server: string, tool: string, args: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

export interface SigningHost {
  readonly id: string;
  readonly version: string;
  /** The host as records name it. */
  readonly recordedAs: string;
  /** It signs in only from its window, which is driven letter by letter: too much depends on the load of the machine for a test. */
  readonly isWindow?: boolean;
  /** Why it can't be run here; undefined where it can. */
  missing(): string | undefined;
  open(ground: SignInGround): Promise<Session>;
}

export const signingHosts: readonly SigningHost[] = [...terminalHosts, mcpRemote, inspector, sdkOne, sdkTwo];
