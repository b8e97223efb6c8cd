// Pages for people, as text: no script, no picture, nothing from elsewhere. Whatever is put into one is escaped; a page can't be framed, and its forms go
// only where it says.
import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** Text that is HTML already. Only `html` makes it. */
export interface Html {
  readonly text: string;
}
type Part = string | Html | readonly Html[] | undefined;

/** HTML with what is put in escaped. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { text: pieces.map((piece, index) => piece + (index < parts.length ? textOf(parts[index]) : '')).join('') };
}

function textOf(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string') return escape(part);
  return 'text' in part ? part.text : part.map(({ text }) => text).join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Also shows what would hide or reorder text as it is written in code. */
function escape(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 38rem; padding: 2rem 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.25; }
dt { font-weight: 600; margin-top: .75rem; }
dd { margin: 0; }
code { font: .95em ui-monospace, monospace; }
fieldset { border: 1px solid GrayText; margin: 1rem 0; padding: .5rem 1rem; }
section { border-top: 1px solid GrayText; margin-top: 1.5rem; }
h2 { font-size: 1.1rem; }
label { display: block; padding: .3rem 0; }
input[type=email], input[type=password], #code { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box; }
.warning { border-left: .3rem solid #b35900; padding-left: .8rem; }
.actions { display: flex; gap: 1rem; margin-top: 1.5rem; }
button { font: inherit; padding: .6rem 1.4rem; cursor: pointer; }
`;
const styleHash = hash('sha256', style, 'base64');
/** Not written with `html`: a formatter that moves a space in it would make the browser refuse it. */
const styleElement: Html = { text: `<style>${style}</style>` };

/** Headers of every page. `formTargets`: where a form of it may lead in the end, beside this site, as the browser's policy names places. */
export function pageHeaders(formTargets: readonly string[] = []): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
  ].join('; ');
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    // Not `no-referrer`: the browser would then hide from us that our own form was sent from here.
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  };
}

export function pageText(title: string, body: Html): string {
  const head = html`<meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        ${head}
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text;
}

export function answerPage(
  response: ServerResponse,
  of: { status?: number; title: string; body: Html; formTargets?: readonly string[] },
): void {
  const bytes = Buffer.from(pageText(of.title, of.body));
  response.writeHead(of.status ?? 200, { ...pageHeaders(of.formTargets), 'Content-Length': bytes.length }).end(bytes);
}

/** A form may end in a redirect, which the browser checks against the page's policy too. */
export function formTargetOf(uri: string): string {
  const { protocol, host, hostname } = new URL(uri);
  if (protocol !== 'http:' && protocol !== 'https:') return protocol;
  // The policy's grammar has no IPv6 address.
  return hostname.startsWith('[') ? protocol : `${protocol}//${host}`;
}

export function seeOther(response: ServerResponse, location: string): void {
  response
    .writeHead(303, { Location: location, 'Content-Length': 0, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' })
    .end();
}
