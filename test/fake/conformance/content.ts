// What the conformance suites ask of a server that is tested (`test_*`, scenario by scenario as their descriptions say), as data: both fixture
// servers serve these same items, each through its own SDK. Nothing here knows a protocol revision.

type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: { uri: string; mimeType: string; text: string } };

export interface PlainTool {
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly content: Content[];
}
export interface FixturePrompt {
  readonly description: string;
  readonly arguments: readonly { name: string; description: string; required: true }[];
  messages(args: Readonly<Record<string, string>>): { role: 'user'; content: Content }[];
}
export interface FixtureResource {
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
  readonly body: { text: string } | { blob: string };
}

/** One red pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A WAV file without a sample. */
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

export const noArguments = { type: 'object', properties: {} };
const text = (words: string): Content => ({ type: 'text', text: words });
const image: Content = { type: 'image', data: png, mimeType: 'image/png' };
const embedded = (uri: string, mimeType: string, words: string): Content => ({
  type: 'resource',
  resource: { uri, mimeType, text: words },
});
const plain = (description: string, ...content: Content[]): PlainTool => ({ description, inputSchema: noArguments, content });

/** Tools that answer the same, whatever they are given. */
export const plainTools: Readonly<Record<string, PlainTool>> = {
  test_simple_text: plain('Answers text', text('This is a simple text response for testing.')),
  test_image_content: plain('Answers an image', image),
  test_audio_content: plain('Answers audio', { type: 'audio', data: wav, mimeType: 'audio/wav' }),
  test_embedded_resource: plain(
    'Answers an embedded resource',
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ),
  test_multiple_content_types: plain(
    'Answers text, an image and a resource',
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ),
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, in data that nobody awaits
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    content: [text('The schema was the point.')],
  },
  test_custom_header: {
    description: 'Mirrors its region in the header Mcp-Param-Region (2026-07-28)',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
      required: ['region'],
    },
    content: [text('The header was the point.')],
  },
};

export const errorTool = {
  name: 'test_error_handling',
  description: 'Always fails',
  message: 'This tool intentionally returns an error for testing',
};
export const logMessages = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
export const progressSteps = [0, 50, 100];
/** Between two messages of a tool that streams: the suites ask for about 50 ms. */
export const betweenMs = 50;

export const prompts: Readonly<Record<string, FixturePrompt>> = {
  test_simple_prompt: {
    description: 'Takes no arguments',
    arguments: [],
    messages: () => [{ role: 'user', content: text('This is a simple prompt for testing.') }],
  },
  test_prompt_with_arguments: {
    description: 'Says its arguments',
    arguments: [
      { name: 'arg1', description: 'First test argument', required: true },
      { name: 'arg2', description: 'Second test argument', required: true },
    ],
    messages: ({ arg1, arg2 }) => [{ role: 'user', content: text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`) }],
  },
  test_prompt_with_embedded_resource: {
    description: 'Embeds a resource',
    arguments: [{ name: 'resourceUri', description: 'URI of the resource to embed', required: true }],
    messages: ({ resourceUri = '' }) => [
      { role: 'user', content: embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.') },
      { role: 'user', content: text('Please process the embedded resource above.') },
    ],
  },
  test_prompt_with_image: {
    description: 'Shows an image',
    arguments: [],
    messages: () => [
      { role: 'user', content: image },
      { role: 'user', content: text('Please analyze the image above.') },
    ],
  },
};

/** By URI. */
export const resources: Readonly<Record<string, FixtureResource>> = {
  'test://static-text': {
    name: 'static-text',
    description: 'Text that never changes',
    mimeType: 'text/plain',
    body: { text: 'This is the content of the static text resource.' },
  },
  'test://static-binary': {
    name: 'static-binary',
    description: 'Bytes that never change',
    mimeType: 'image/png',
    body: { blob: png },
  },
  'test://watched-resource': {
    name: 'watched-resource',
    description: 'May be subscribed to',
    mimeType: 'text/plain',
    body: { text: 'Watched.' },
  },
};

export const template = {
  name: 'template',
  uriTemplate: 'test://template/{id}/data',
  description: 'Says its id',
  mimeType: 'application/json',
  text: (id: string) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
};

/** What completion/complete answers for any argument: the suites ask only that it answers. */
export const completions = ['paris', 'park', 'party'];
