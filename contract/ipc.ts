// Every channel between a page (renderer) and the tray program (main), with what is sent and what comes back. There are no others.
// A page sends intents and shows state; the tray program checks each sender and parses each payload by this table.
//
//   page                                     main
//     | ask(channel, request)                  |    sender checked, request parsed
//     |--------------------------------------->|
//     |   {ok: true, value} | {ok: false, …}   |    reply parsed; a failure is a code and a sentence, never a stack
//     |<---------------------------------------|
//     |   changed(state), go(place)            |    a page subscribes first and asks for the current one after
//     |<---------------------------------------|
import { z } from 'zod';
import { AgentState } from './agent.ts';
import type { InvocationName, PushName } from './channel-name.ts';
import { Slug } from './id.ts';

/** What the companion window shows: the agent's own state, or why there is none. */
export const CompanionState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running'), state: AgentState }),
  z.object({
    kind: z.literal('absent'),
    /**
     * `starting`: it was just started. `restarting`: it ended by itself and is started again. `not_running`: nothing answers.
     * `unsafe`: others could answer in the agent's place. `refused`: it answers something else.
     */
    reason: z.enum(['starting', 'restarting', 'not_running', 'unsafe', 'refused']),
    detail: z.string(),
  }),
]);
export type CompanionState = z.infer<typeof CompanionState>;

export const Section = z.enum(['status', 'servers', 'hosts', 'calls', 'settings', 'diagnostics']);
export type Section = z.infer<typeof Section>;

/** What the page is to show: a section, and a question in front of it. `enroll`: a link asks to enroll this device; its token stays in main. */
export const Place = z.object({ section: Section, question: z.enum(['none', 'pause', 'quit', 'enroll']) });
export type Place = z.infer<typeof Place>;

/** Whether Drawbridge starts at login is for the user to say, or why it is not. `own_file`: an autostart entry that the user wrote decides. */
export const StartAtLogin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('by_user'), isOn: z.boolean() }),
  z.object({ kind: z.enum(['by_profile', 'own_file', 'no_program']) }),
]);
export type StartAtLogin = z.infer<typeof StartAtLogin>;

/** What the agent answered in files and words; more than the page needs is left out by its schema. */
const Diff = z.object({ files: z.array(z.object({ shownAs: z.string(), diff: z.string() })) });
const FilesDone = z.object({
  files: z.array(z.looseObject({ shownAs: z.string(), result: z.string().optional(), isWritten: z.boolean().optional() })),
});
const none = z.object({});
const server = z.object({ server: Slug });
const host = z.object({ host: z.string().max(80) });
const reason = z.string().trim().min(1).max(500);

interface Channel {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
}

/** A page asks, main answers. */
export const invocation = {
  'companion:current': { request: z.undefined(), reply: CompanionState },
  /** Where a page that has just been opened begins; asked once. */
  'companion:place': { request: z.undefined(), reply: Place },
  'agent:reload': { request: z.undefined(), reply: z.looseObject({}) },
  'server:restart': { request: server, reply: none },
  'server:log': { request: server, reply: z.object({ lines: z.array(z.string()) }) },
  'host:diff': { request: host, reply: Diff },
  'host:undo': { request: host, reply: FilesDone },
  'host:converge': { request: host, reply: FilesDone },
  'pause:begin': {
    request: z.object({ minutes: z.number().int().min(1).max(1440), reason: reason.optional() }),
    reply: z.object({ until: z.number() }),
  },
  'pause:end': { request: z.undefined(), reply: none },
  /** By a token that was pasted, or by the one of the link that main holds. */
  'device:enroll': {
    request: z.discriminatedUnion('by', [
      z.object({ by: z.literal('token'), token: z.string().trim().min(1).max(200) }),
      z.object({ by: z.literal('link') }),
    ]),
    reply: z.looseObject({ workstation: z.string() }),
  },
  'diagnostics:copy': { request: z.undefined(), reply: none },
  /** `file`: where it was saved; absent where the person changed their mind. */
  'diagnostics:save': { request: z.undefined(), reply: z.object({ file: z.string().optional() }) },
  /** Main knows the addresses; a page can't name one. */
  'help:open': { request: z.object({ what: z.enum(['support', 'managed_by']) }), reply: none },
  'login:current': { request: z.undefined(), reply: StartAtLogin },
  /** Where the profile says user_decides; PROFILE_FORBIDS everywhere else. */
  'login:choose': { request: z.object({ isOn: z.boolean() }), reply: StartAtLogin },
  'companion:quit': { request: z.object({ reason: reason.optional() }), reply: none },
} as const satisfies Record<InvocationName, Channel>;

/** Main tells, a page listens. */
export const push = {
  'companion:changed': CompanionState,
  'companion:go': Place,
} as const satisfies Record<PushName, z.ZodType>;

export type Request<C extends InvocationName> = z.infer<(typeof invocation)[C]['request']>;
export type Reply<C extends InvocationName> = z.infer<(typeof invocation)[C]['reply']>;
export type Told<C extends PushName> = z.infer<(typeof push)[C]>;

/** What a page gets for a question. `message` is for a person. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What the preload script gives to the companion's page as `window.drawbridge`. */
export interface CompanionPage {
  ask<C extends InvocationName>(channel: C, request: Request<C>): Promise<Answer<Reply<C>>>;
  /** The returned function ends it. */
  listen<C extends PushName>(channel: C, listener: (told: Told<C>) => void): () => void;
}
