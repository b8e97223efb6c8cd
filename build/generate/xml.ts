// XML as text: elements with attributes and children, escaped and indented. Just what ADMX, ADML and property lists need.

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Elements, or the text of it. */
  readonly content: readonly Element[] | string;
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  content: readonly Element[] | string = [],
): Element {
  return { name, attributes, content };
}

/** The whole document. `comment` says where it comes from; `doctype` stands before the root. */
export function documentOf(root: Element, comment: string, doctype?: string): string {
  const head = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    ...(doctype === undefined ? [] : [doctype]),
    `<!-- ${commented(comment)} -->`,
  ];
  return `${[...head, ...lines(root, '')].join('\n')}\n`;
}

/** Without what XML 1.0 can't hold, and with what it reads as markup escaped. */
export function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function lines({ name, attributes, content }: Element, indent: string): readonly string[] {
  const open = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escape(value)}"`)].join(' ');
  if (typeof content === 'string') return [`${indent}<${open}>${escape(content)}</${name}>`];
  if (content.length === 0) return [`${indent}<${open}/>`];
  return [`${indent}<${open}>`, ...content.flatMap((child) => lines(child, `${indent}  `)), `${indent}</${name}>`];
}

/** A comment can't hold two hyphens in a row. */
function commented(text: string): string {
  return text.replaceAll(/-(?=-)/g, '- ');
}
