// A local server whose tools are whatever a file says at that moment: node pulling.ts FILE, which holds the array of a tools/list as JSON.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { answerPulling } from '../remote/pulling.ts';
import { say } from './stdio.ts';

const file = process.argv[2] ?? '';
createInterface({ input: process.stdin }).on('line', (line) => {
  const answer = answerPulling(JSON.parse(line), () => readFileSync(file, 'utf8'));
  if (answer) say(answer);
});
