// Tools (and one prompt) that need something of the person or the model at the host before they can answer. Each says once what it asks, round by
// round; the modern fixture asks by `input_required` results, the legacy one by requests of its own in the middle of the call.
import { noArguments } from './content.ts';

export type Ask =
  | { readonly method: 'elicitation/create'; readonly params: { message: string; requestedSchema: ElicitSchema } }
  | { readonly method: 'sampling/createMessage'; readonly params: { messages: SamplingMessage[]; maxTokens: number } }
  | { readonly method: 'roots/list' };
export type Round = Readonly<Record<string, Ask>>;
export type Replies = Readonly<Record<string, unknown>>;
type Property = Readonly<Record<string, unknown>>;
interface ElicitSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Property>>;
  readonly required?: string[];
}
interface SamplingMessage {
  readonly role: 'user';
  readonly content: { type: 'text'; text: string };
}

export interface Asking {
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Whether the modern fixture hands out a sealed state even where one round is all. */
  readonly hasState?: true;
  /** What is asked, each round by keys; `can` is what the host declared. */
  rounds(args: Readonly<Record<string, unknown>>, can: Readonly<Record<string, unknown>>): readonly Round[];
  /** The answer, from every reply of all rounds. */
  text(replies: Replies): string;
}

const elicit = (message: string, properties: ElicitSchema['properties'], required?: string[]): Ask => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties, ...(required && { required }) } },
});
const sample = (words: string, maxTokens: number): Ask => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens },
});
const roots: Ask = { method: 'roots/list' };
const string = { type: 'string' };
const say = (value: unknown): string => JSON.stringify(value);
const taking = (name: string): Asking['inputSchema'] => ({ type: 'object', properties: { [name]: string }, required: [name] });

const one = (description: string, round: Round, text: Asking['text']): Asking => ({
  description,
  inputSchema: noArguments,
  rounds: () => [round],
  text,
});

const confirm = { confirm: elicit('Please confirm', { ok: { type: 'boolean' } }, ['ok']) };
const name = elicit('What is your name?', { name: string }, ['name']);

export const askingTools: Readonly<Record<string, Asking>> = {
  test_sampling: {
    description: 'Asks the model',
    inputSchema: taking('prompt'),
    rounds: ({ prompt }) => [{ llm: sample(String(prompt), 100) }],
    text: ({ llm }) => `LLM response: ${say(llm)}`,
  },
  test_elicitation: {
    description: 'Asks the person',
    inputSchema: taking('message'),
    rounds: ({ message }) => [
      {
        user: elicit(
          String(message),
          {
            username: { ...string, description: "User's response" },
            email: { ...string, description: "User's email address" },
          },
          ['username', 'email'],
        ),
      },
    ],
    text: ({ user }) => `User response: ${say(user)}`,
  },
  test_elicitation_sep1034_defaults: one(
    'Asks with defaults for every primitive type',
    {
      user: elicit('Please review the defaults', {
        name: { ...string, default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      }),
    },
    ({ user }) => `Elicitation completed: ${say(user)}`,
  ),
  test_elicitation_sep1330_enums: one(
    'Asks with all five kinds of enum',
    {
      user: elicit('Please choose', {
        untitledSingle: { ...string, enum: ['option1', 'option2', 'option3'] },
        titledSingle: { ...string, oneOf: titled('First Option', 'Second Option', 'Third Option') },
        legacyEnum: {
          ...string,
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { ...string, enum: ['option1', 'option2', 'option3'] } },
        titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
      }),
    },
    ({ user }) => `Elicitation completed: ${say(user)}`,
  ),
  test_missing_capability: one(
    'Needs a host that samples',
    { llm: sample('Are you there?', 10) },
    ({ llm }) => `The model says: ${say(llm)}`,
  ),
  test_streaming_elicitation: one('Asks in the middle of a call', confirm, ({ confirm: reply }) => `Confirmed: ${say(reply)}`),
  test_input_required_result_elicitation: one(
    'Asks a name',
    { user_name: name },
    ({ user_name: reply }) => `Hello, ${nameOf(reply)}!`,
  ),
  test_input_required_result_sampling: one(
    'Asks the model for a capital',
    { capital_question: sample('What is the capital of France?', 100) },
    ({ capital_question: reply }) => `The model says: ${say(reply)}`,
  ),
  test_input_required_result_list_roots: one(
    'Asks for the roots',
    { client_roots: roots },
    ({ client_roots: reply }) => `The roots are: ${say(reply)}`,
  ),
  test_input_required_result_request_state: {
    ...one('Asks, and keeps its state at the host', confirm, () => 'state-ok'),
    hasState: true,
  },
  test_input_required_result_tampered_state: {
    ...one('Asks, and refuses a state that was altered', confirm, () => 'state-ok'),
    hasState: true,
  },
  test_input_required_result_multiple_inputs: {
    ...one(
      'Asks three things at once',
      { user_name: name, greeting: sample('Generate a greeting', 50), client_roots: roots },
      ({ user_name: reply, greeting }) => `${say(greeting)}, ${nameOf(reply)}`,
    ),
    hasState: true,
  },
  test_input_required_result_multi_round: {
    description: 'Asks twice, one after the other',
    inputSchema: noArguments,
    rounds: () => [
      { step1: elicit('Step 1: What is your name?', { name: string }, ['name']) },
      { step2: elicit('Step 2: What is your favorite color?', { color: string }, ['color']) },
    ],
    text: ({ step1, step2 }) => `${nameOf(step1)} likes ${say(step2)}`,
  },
  test_input_required_result_capabilities: {
    description: 'Asks only what the host declared',
    inputSchema: noArguments,
    rounds: (_, can) => [
      {
        ...('elicitation' in can && { user_name: name }),
        ...('sampling' in can && { greeting: sample('Generate a greeting', 50) }),
      },
    ],
    text: (replies) => `Replies: ${say(replies)}`,
  },
};

export const askingPrompt = {
  name: 'test_input_required_result_prompt',
  asking: one(
    'Asks for its context',
    { user_context: elicit('What context should the prompt use?', { context: string }, ['context']) },
    ({ user_context: reply }) => `Use this context: ${say(reply)}`,
  ),
};

function titled(...titles: string[]): object[] {
  return titles.map((title, index) => ({ const: `value${index + 1}`, title }));
}

/** The name in an accepted elicitation. */
function nameOf(reply: unknown): string {
  const content = typeof reply === 'object' && reply !== null && 'content' in reply ? reply.content : undefined;
  return typeof content === 'object' && content !== null && 'name' in content ? String(content.name) : 'nobody';
}
