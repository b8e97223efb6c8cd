// A server that has every feature of MCP, as data and as what its tools do; old.ts and new.ts serve it, each by its era's official SDK.
// The one rule: nothing here knows a protocol revision. A tool speaks through `Talk`, and how that reaches the host is its server's business.

/** How a tool, while it runs, reaches the host. */
export interface Talk {
  progress(done: number, total: number): Promise<void>;
  log(level: 'debug' | 'info' | 'warning' | 'error', data: string): Promise<void>;
  /** The host's reply to one question. */
  ask(question: Question): Promise<unknown>;
  /** Of tools, prompts and resources alike. */
  listsChanged(): Promise<void>;
  updated(uri: string): Promise<void>;
  /** Aborts when the host cancels. */
  readonly signal: AbortSignal;
}
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params?: Readonly<Record<string, unknown>>;
}
export interface ToolResult {
  readonly content: { type: 'text'; text: string }[];
  readonly structuredContent?: Record<string, unknown>;
}
type Args = Readonly<Record<string, unknown>>;
export interface FeatureTool {
  readonly name: string;
  /** It may run as a task: each era has its own way to say so. */
  readonly isTask?: true;
  readonly [key: string]: unknown;
  run(args: Args, talk: Talk): Promise<ToolResult> | ToolResult;
}

const icons = [{ src: 'data:image/svg+xml;base64,PHN2Zy8+', mimeType: 'image/svg+xml', sizes: ['any'], theme: 'dark' }];
const object = (properties: object = {}, required: readonly string[] = []): object => ({ type: 'object', properties, required });
const text = (words: string): ToolResult => ({ content: [{ type: 'text', text: words }] });
const say = (value: unknown): ToolResult => text(JSON.stringify(value));
const asking = (name: string, question: Question): FeatureTool => ({
  name,
  inputSchema: object(),
  run: async (_, talk) => say(await talk.ask(question)),
});

/** How often a call was cancelled while it waited, and what `grow` has added: for the life of the process. */
let cancelled = 0;
const grown: string[] = [];

const constant: readonly FeatureTool[] = [
  {
    name: 'echo',
    title: 'Echo',
    description: 'Says again what it is told',
    icons,
    annotations: { readOnlyHint: true },
    inputSchema: object({ text: { type: 'string' } }, ['text']),
    run: (args) => text(String(args['text'])),
  },
  {
    name: 'add',
    inputSchema: object({ a: { type: 'number' }, b: { type: 'number' } }, ['a', 'b']),
    outputSchema: object({ sum: { type: 'number' } }, ['sum']),
    run({ a, b }) {
      const structuredContent = { sum: Number(a) + Number(b) };
      return { ...say(structuredContent), structuredContent };
    },
  },
  {
    name: 'work',
    inputSchema: object(),
    async run(_, talk) {
      for (const done of [1, 2, 3]) await talk.progress(done, 3);
      return text('worked');
    },
  },
  {
    name: 'tell',
    inputSchema: object(),
    async run(_, talk) {
      await talk.log('debug', 'a detail');
      await talk.log('warning', 'take care');
      return text('told');
    },
  },
  asking('ask_form', {
    method: 'elicitation/create',
    params: { message: 'Who are you?', requestedSchema: object({ name: { type: 'string' } }, ['name']) },
  }),
  asking('ask_url', {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Please pay', url: 'https://pay.example.org/1', elicitationId: 'payment-1' },
  }),
  asking('ask_model', {
    method: 'sampling/createMessage',
    params: {
      messages: [{ role: 'user', content: { type: 'text', text: 'What is the weather?' } }],
      maxTokens: 50,
      tools: [{ name: 'weather', inputSchema: object({ city: { type: 'string' } }) }],
      toolChoice: { mode: 'auto' },
    },
  }),
  asking('ask_roots', { method: 'roots/list' }),
  { name: 'bake', inputSchema: object(), isTask: true, run: () => text('baked') },
  {
    name: 'wait',
    inputSchema: object(),
    run: (_, talk) =>
      new Promise((resolve) => {
        talk.signal.addEventListener('abort', () => {
          cancelled += 1;
          resolve(text('cancelled'));
        });
        void talk.progress(1, 2);
      }),
  },
  { name: 'cancelled', inputSchema: object(), run: () => text(String(cancelled)) },
  {
    name: 'touch',
    inputSchema: object({ uri: { type: 'string' } }, ['uri']),
    async run(args, talk) {
      await talk.updated(String(args['uri']));
      return text('touched');
    },
  },
  {
    name: 'grow',
    inputSchema: object({ name: { type: 'string' } }, ['name']),
    async run(args, talk) {
      grown.push(String(args['name']));
      await talk.listsChanged();
      return text('grown');
    },
  },
];

/** The tools that there are now. */
export function tools(): readonly FeatureTool[] {
  return [...constant, ...grown.map((name) => ({ name, inputSchema: object(), run: () => text(name) }))];
}
/** The prompts and the resources that there are now: each that was grown is a tool, a prompt and a resource of one name. */
export const prompts = (): readonly object[] => [prompt, ...grown.map((name) => ({ name }))];
export const resources = (): readonly object[] => [resource, ...grown.map((name) => ({ uri: `feature://${name}`, name }))];
/** A tool as a list shows it. */
export function listed(tool: FeatureTool): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tool).filter(([key]) => key !== 'run' && key !== 'isTask'));
}

const resource = {
  uri: 'feature://note',
  name: 'note',
  mimeType: 'text/plain',
  icons,
  annotations: { audience: ['user'], priority: 0.5 },
};
export const template = { uriTemplate: 'feature://page/{number}', name: 'page', mimeType: 'text/plain', icons };
const prompt = {
  name: 'greet',
  icons,
  description: 'Greets somebody',
  arguments: [{ name: 'whom', description: 'A name', required: true }],
};

/** What a URI holds; undefined where there is no such thing. */
export function read(uri: string): string | undefined {
  if (uri === resource.uri) return 'The note.';
  const added = grown.find((name) => uri === `feature://${name}`);
  if (added !== undefined) return `It is ${added}.`;
  const page = /^feature:\/\/page\/(\d+)$/.exec(uri)?.[1];
  return page === undefined ? undefined : `Page ${page}.`;
}
export function greeting(whom: unknown): { role: 'user'; content: { type: 'text'; text: string } }[] {
  return [{ role: 'user', content: { type: 'text', text: `Say hello to ${String(whom)}.` } }];
}
/** What an argument may be, from its beginning. */
export function complete(argument: string, value: string): string[] {
  const all = argument === 'whom' ? ['Ada', 'Alan', 'Grace'] : ['1', '12', '2'];
  return all.filter((one) => one.startsWith(value));
}
