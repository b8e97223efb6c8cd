// What the driver knows of a real AI host: how its program starts, how a person would write its config, how one question is put to it.
// One file a host fills this in, from the host's own documentation and source; nothing else in test/host knows hosts apart.
import type { Wire } from '../fake/model/model.ts';

/** A local server as a config entry names it. */
export interface ServerLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Question {
  readonly text: string;
  readonly modelUrl: string;
  /** The one tool that is allowed by a flag, where the host has one. */
  readonly allowed: string;
  /** The server that must be ready before the model is asked, where the host would not wait for it. */
  readonly needed: string;
}

export interface RealHost {
  /** Of contract/host.ts. */
  readonly id: string;
  /** The language it speaks with its model. */
  readonly wire: Wire;
  /** How its user allows one tool of one server, in words: what must survive the change of the config. */
  readonly permission: string;
  /** The file that holds the user's servers, in the home. */
  readonly config: string;
  /** `folder`: where npm installed it, without running its scripts. */
  program(folder: string): { readonly file: string; readonly args: readonly string[] };
  /** What it says where its user did not allow the tool that its model calls. */
  readonly refusal: RegExp;
  /** The text of the config as its user has it: these servers, and of the tools of `everything` only `echo` allowed. `folder`: where it will be started. */
  configText(servers: Readonly<Record<string, ServerLine>>, folder: string): string;
  /** How one question is put to it without a person. What it would otherwise ask of the world is switched off. */
  ask(question: Question): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
  /** How it shows its servers as they are now, and how it then shows `memory` where that is refused; absent where it looks only at its config. */
  readonly list?: { readonly args: readonly string[]; readonly failed: RegExp };
  /** Its own command that adds the server `rogue`, a program, to its user's config; absent where it has none without questions. */
  readonly add?: readonly string[];
  /** The name by which its user allows the tool, and its model would call it where it was not offered. */
  toolName(server: string, tool: string): string;
}
