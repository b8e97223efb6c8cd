// Pages: whatever a client calls itself, it stays text.
import { expect, test } from 'vitest';
import { formTargetOf, html, pageText } from '../../../gateway/http/page.ts';

test('what is put into a page is escaped, and hidden or reordering characters are shown', () => {
  const name = `<script>"'&\u202Egpj.exe\u200B`;
  expect(html`<b title="${name}">${name}</b>`.text).toBe(
    '<b title="&lt;script&gt;&quot;&#39;&amp;\\u{202e}gpj.exe\\u{200b}">&lt;script&gt;&quot;&#39;&amp;\\u{202e}gpj.exe\\u{200b}</b>',
  );
  expect(pageText(name, html`<p>${name}</p>`)).not.toContain('<script');
});

test('a form may lead to where the person is sent back to, and to nothing beside it', () => {
  expect(formTargetOf('http://127.0.0.1:4711/callback')).toBe('http://127.0.0.1:4711');
  expect(formTargetOf('https://claude.ai/api/mcp/auth_callback')).toBe('https://claude.ai');
  expect(formTargetOf('cursor://anysphere.cursor-mcp/oauth/callback')).toBe('cursor:');
  expect(formTargetOf('http://[::1]:4711/callback')).toBe('http:');
});
