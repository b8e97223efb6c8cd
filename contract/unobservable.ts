// What can't be observed on a device, so that nobody reads "compliant" as "everything is seen". The posture file names each, docs/not-governed.md is written from it.
// Rule: ids are never renamed or used again, and nothing stands here that the product could look at and does not.
import { z } from 'zod';

interface UnobservableEntry {
  /** A few words, for a list. */
  readonly name: string;
  readonly what: string;
  /** Why it is out of reach. */
  readonly why: string;
}

const table = {
  files: {
    name: 'files',
    what: 'Files that an app reads, writes or uploads by itself',
    why: "an app's own file access is no MCP call",
  },
  clipboard: {
    name: 'the clipboard',
    what: 'The clipboard, and whatever a person pastes into a chat',
    why: 'the text never was in a call',
  },
  screen: {
    name: 'screenshots and screen control',
    what: 'Screenshots and screen control ("computer use"), the microphone, the camera',
    why: 'the app asks the operating system, not a server',
  },
  own_http: {
    name: "an agent's own HTTP",
    what: "An agent's own HTTP: built-in web search and fetch, `curl` in a terminal, code that it writes and runs",
    why: "it is the agent's process that connects",
  },
  shell: {
    name: 'shell commands',
    what: 'Shell commands of coding agents',
    why: 'a terminal is built in, not an MCP server',
  },
  conversation: {
    name: 'the conversation with the model',
    what: 'The conversation with the model: prompts, answers, and what the vendor keeps of them',
    why: 'it goes from the app to the vendor directly',
  },
  cloud_connector: {
    name: "connectors of an account at the AI app's vendor",
    what: "Connectors that the vendor runs in its cloud for an account (ChatGPT's, claude.ai's and others')",
    why: "they are called by the vendor's servers, not from the device",
  },
  app_extension: {
    name: 'plugins that do not use MCP',
    what: 'Plugins and extensions of an app that do not use MCP',
    why: 'they are code in the app',
  },
  unknown_host: {
    name: 'AI hosts that Drawbridge does not know',
    what: 'AI hosts that Drawbridge does not know, and devices that are not enrolled',
    why: 'nobody wraps them',
  },
  device_administrator: {
    name: 'who administers the device',
    what: 'A person who administers their own device',
    why: "whoever is root can stop the bridge, and use the device's key",
  },
  server_itself: {
    name: 'what a server does by itself',
    what: 'What a server does by itself after a call was allowed',
    why: 'only its answers come through here',
  },
  model_use: {
    name: 'what a model makes of an answer',
    what: 'What a model makes of an answer that was allowed to it',
    why: 'rules look at texts and find what they know; a reworded secret or a clever injection passes',
  },
} as const satisfies Readonly<Record<string, UnobservableEntry>>;

export type UnobservableId = keyof typeof table;
export const unobservableIds = Object.keys(table) as readonly UnobservableId[];

export const unobservableOf = (id: UnobservableId): UnobservableEntry => table[id];

/** As the posture file carries one. Ids are open: a newer agent may name more. */
export const Unobservable = z.looseObject({
  id: z.string(),
  /** What, and why it is out of reach, in a sentence. */
  says: z.string(),
});

/** All of them, as the posture file carries them. */
export const allUnobservable: readonly z.infer<typeof Unobservable>[] = unobservableIds.map((id) => ({
  id,
  says: `${table[id].what}: ${table[id].why}.`,
}));

/** All of them in few words, for the line that stands where a person is told that a device is compliant. */
export const unobservableWords = unobservableIds.map((id) => table[id].name).join(', ');
