// Counts its calls on disk, so that a test can prove that nothing ran twice: `counting.ts FILE` appends one line a call, before it answers.
//   count {key?, holdMs?, size?}: writes the key; answers after holdMs; with a text of `size` characters where one is asked for
//   echo {text}: answers the text
//   environment {name?}: answers the names of its environment variables, or the value of one
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { serveTools } from './stdio.ts';

const file = process.argv[2];
let calls = 0;

serveTools('counting', {
  count({ key, holdMs, size }) {
    calls++;
    if (file !== undefined) appendFileSync(file, `${String(key ?? calls)}\n`);
    const text = typeof size === 'number' ? 'x'.repeat(size) : String(calls);
    return typeof holdMs === 'number' && holdMs > 0 ? setTimeout(holdMs, text) : text;
  },
  echo: ({ text }) => String(text),
  environment: ({ name }) =>
    typeof name === 'string' ? String(process.env[name]) : Object.keys(process.env).toSorted().join(' '),
});
