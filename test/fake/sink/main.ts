// A receiver as a process of its own, to be killed: `main.ts hec|otlp|webhook PORT FILE SECRET`. The id of each record that it took is a line of the file before it answers.
import { appendFileSync } from 'node:fs';
import { answerHec } from './hec.ts';
import { answerOtlp } from './otlp.ts';
import { serveReceiver } from './receiver.ts';
import { answerWebhook } from './webhook.ts';

const [kind, port, file = '', secret = ''] = process.argv.slice(2);
const keep = (ids: readonly (string | undefined)[]) => appendFileSync(file, ids.map((id) => `${id}\n`).join(''));
const answers = {
  hec: () => answerHec({ token: secret, onEvents: (events) => keep(events.map(({ fields }) => fields?.['id'])) }),
  otlp: () =>
    answerOtlp({
      onLogs: (logs) =>
        keep(logs.map(({ attributes }) => attributes.find(({ key }) => key === 'drawbridge.record.id')?.value.stringValue)),
    }),
  webhook: () => answerWebhook(secret, ({ data }) => keep((data.records ?? []).map(({ id }) => id))),
};
const answer = Object.entries(answers).find(([name]) => name === kind)?.[1];
if (!answer) throw new Error(`there is no receiver "${kind}"`);
await serveReceiver(answer(), Number(port));
process.stdout.write(`${JSON.stringify({ event: 'listening' })}\n`);
