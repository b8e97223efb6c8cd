// The features of MCP, each tried by one host through the gateway at one server: what a row of the table in docs/features.md says works.
// The one rule: a feature is tried by what reaches the far end (an answer that only the server or only the host could give), never by a capability alone.
import { expect } from 'vitest';
import { until } from '../walk/deployment.ts';
import { type Host, listNames } from './host.ts';

/** The names that the server has at the gateway. */
export interface Names {
  readonly server: string;
  tool(name: string): string;
  uri(uri: string): string;
}
export interface Feature {
  readonly name: string;
  /** It is tried at the URL of the one server. */
  readonly isAtServer?: true;
  run(host: Host, names: Names): Promise<void>;
}

const megabyte = 'x'.repeat(1 << 20);

/** The JSON that an asking tool answers: the host's reply as the server got it. */
function replyIn(result: Readonly<Record<string, unknown>>): unknown {
  const [first] = Array.isArray(result['content']) ? result['content'] : [];
  return JSON.parse(String(first?.text));
}

export const features: readonly Feature[] = [
  {
    name: 'tools',
    async run(host, { tool }) {
      expect(await host.tools()).toContainEqual(
        expect.objectContaining({ name: tool('echo'), title: 'Echo', annotations: { readOnlyHint: true } }),
      );
      expect(await host.call(tool('echo'), { text: 'héllo' })).toMatchObject({ content: [{ type: 'text', text: 'héllo' }] });
    },
  },
  {
    name: 'resources',
    async run(host, { uri }) {
      const listed = { uri: uri('feature://note'), annotations: { audience: ['user'], priority: 0.5 } };
      expect(await host.resources()).toContainEqual(expect.objectContaining(listed));
      expect(await host.read(uri('feature://note'))).toMatchObject([{ uri: uri('feature://note'), text: 'The note.' }]);
      await expect(host.read(uri('feature://nothing'))).rejects.toThrow();
    },
  },
  {
    name: 'resource templates',
    async run(host, { uri }) {
      const uriTemplate = uri('feature://page/{number}');
      expect(await host.templates()).toContainEqual(expect.objectContaining({ uriTemplate }));
      expect(await host.read(uriTemplate.replace('{number}', '12'))).toMatchObject([{ text: 'Page 12.' }]);
    },
  },
  {
    name: 'resource subscriptions',
    async run(host, { tool, uri }) {
      await host.listen(uri('feature://note'));
      await until('an update', async () => {
        await host.call(tool('touch'), { uri: 'feature://note' });
        return host.updated.length > 0;
      });
      expect(new Set(host.updated)).toEqual(new Set([uri('feature://note')]));
    },
  },
  {
    name: 'prompts',
    async run(host, { tool }) {
      expect(await host.prompts()).toContainEqual(expect.objectContaining({ name: tool('greet') }));
      expect(await host.prompt(tool('greet'), { whom: 'Ada' })).toMatchObject([{ content: { text: 'Say hello to Ada.' } }]);
    },
  },
  {
    name: 'completion',
    async run(host, { tool, uri }) {
      expect(await host.complete({ type: 'ref/prompt', name: tool('greet') }, { name: 'whom', value: 'A' })).toEqual([
        'Ada',
        'Alan',
      ]);
      const page = { type: 'ref/resource', uri: uri('feature://page/{number}') };
      expect(await host.complete(page, { name: 'number', value: '1' })).toEqual(['1', '12']);
    },
  },
  {
    name: 'elicitation by form',
    async run(host, { tool, server }) {
      expect(replyIn(await host.call(tool('ask_form')))).toMatchObject({ action: 'accept', content: { name: 'Ada' } });
      expect(host.asked).toMatchObject([{ params: { message: `The server "${server}" asks: Who are you?` } }]);
    },
  },
  {
    name: 'elicitation by URL',
    async run(host, { tool }) {
      expect(replyIn(await host.call(tool('ask_url')))).toMatchObject({ action: 'accept' });
      expect(host.asked).toMatchObject([{ params: { mode: 'url', url: 'https://pay.example.org/1' } }]);
    },
  },
  {
    name: 'sampling with tools',
    async run(host, { tool }) {
      const reply = { content: { type: 'tool_use', name: 'weather', input: { city: 'Paris' } }, stopReason: 'toolUse' };
      expect(replyIn(await host.call(tool('ask_model')))).toMatchObject(reply);
      expect(host.asked).toMatchObject([
        { method: 'sampling/createMessage', params: { tools: [{ name: 'weather' }], toolChoice: { mode: 'auto' } } },
      ]);
    },
  },
  {
    name: 'roots',
    async run(host, { tool }) {
      const roots = [{ uri: 'file:///home/ada/work', name: 'work' }];
      expect(replyIn(await host.call(tool('ask_roots')))).toMatchObject({ roots });
    },
  },
  {
    name: 'progress',
    async run(host, { tool }) {
      const seen: number[] = [];
      await host.call(tool('work'), {}, { onProgress: (done) => void seen.push(done) });
      // The SDKs forget a report that comes with the answer in one read.
      expect(seen.slice(0, 2)).toEqual([1, 2]);
    },
  },
  {
    name: 'cancellation',
    async run(host, { tool }) {
      const count = async () => Number(textIn(await host.call(tool('cancelled'))));
      const before = await count();
      const controller = new AbortController();
      const call = host.call(tool('wait'), {}, { signal: controller.signal, onProgress: () => controller.abort() });
      await expect(call).rejects.toThrow();
      await until('the server to hear of it', async () => (await count()) > before);
    },
  },
  {
    name: 'logging',
    async run(host, { tool }) {
      await host.hearEverything();
      await until('both messages', async () => {
        await host.call(tool('tell'));
        return host.logged.some(({ data }) => data === 'a detail') && host.logged.some(({ level }) => level === 'warning');
      });
    },
  },
  {
    name: 'list_changed',
    async run(host, { tool, uri }) {
      await host.listen(uri('feature://note'));
      await Promise.all([host.tools(), host.prompts(), host.resources()]);
      const before = host.changed.length;
      let name = '';
      // A server drops what nobody listens for, and the gateway's own listening may still be on its way there.
      await until('the news of all three lists', async () => {
        name = `grown${Date.now().toString(36)}`;
        await host.call(tool('grow'), { name });
        const isTold = () => Promise.resolve(listNames.every((list) => host.changed.includes(list, before)));
        return await until('it', isTold, 2_000).catch(() => false as const);
      });
      expect((await host.tools()).map((one) => one['name'])).toContain(tool(name));
      expect((await host.prompts()).map((one) => one['name'])).toContain(tool(name));
      expect((await host.resources()).map((one) => one['uri'])).toContain(uri(`feature://${name}`));
      expect(textIn(await host.call(tool(name)))).toBe(name);
      expect(await host.read(uri(`feature://${name}`))).toMatchObject([{ text: `It is ${name}.` }]);
    },
  },
  {
    name: 'tasks',
    async run(host, { tool }) {
      expect(textIn(await host.callAsTask(tool('bake')))).toBe('baked');
    },
  },
  {
    name: 'foreign methods',
    isAtServer: true,
    async run(host) {
      expect(await host.request('vendor/add', { a: 2, b: 40 })).toMatchObject({ sum: 42 });
      await expect(host.request('vendor/nothing', {})).rejects.toThrow(/not served here/);
    },
  },
  {
    name: 'large bodies (1 MiB each way)',
    async run(host, { tool }) {
      expect(textIn(await host.call(tool('echo'), { text: megabyte })) === megabyte).toBe(true);
    },
  },
  {
    name: 'structured content',
    async run(host, { tool }) {
      const outputSchema = expect.objectContaining({ properties: { sum: { type: 'number' } } });
      expect(await host.tools()).toContainEqual(expect.objectContaining({ name: tool('add'), outputSchema }));
      expect(await host.call(tool('add'), { a: 2, b: 40 })).toMatchObject({ structuredContent: { sum: 42 } });
    },
  },
  {
    name: 'icons',
    async run(host, { tool, uri }) {
      const icons = [{ src: 'data:image/svg+xml;base64,PHN2Zy8+', mimeType: 'image/svg+xml', sizes: ['any'], theme: 'dark' }];
      expect(await host.tools()).toContainEqual(expect.objectContaining({ name: tool('echo'), icons }));
      expect(await host.prompts()).toContainEqual(expect.objectContaining({ name: tool('greet'), icons }));
      expect(await host.resources()).toContainEqual(expect.objectContaining({ uri: uri('feature://note'), icons }));
      expect(await host.templates()).toContainEqual(
        expect.objectContaining({ uriTemplate: uri('feature://page/{number}'), icons }),
      );
    },
  },
];

function textIn(result: Readonly<Record<string, unknown>>): string {
  const [first] = Array.isArray(result['content']) ? result['content'] : [];
  return String(first?.text);
}
