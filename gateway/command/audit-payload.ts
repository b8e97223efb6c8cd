// `audit payload`: what was captured of a call. That somebody reads it is on record.
import type { Command } from 'commander';
import type { ShownPayloads } from '#contract/admin-audit.ts';
import { Fault } from '#contract/error.ts';
import { RecordId } from '#contract/id.ts';
import type { PayloadMessage } from '#contract/payload.ts';
import { readPayloads } from '../admin/payload.ts';
import { printable } from '../admin/print.ts';
import { catchUp } from '../admin/search.ts';
import { openKeys } from '../vault/open.ts';
import { deedCommand, withAdmin, type Common, type Terminal } from './terminal.ts';

const catchUpMs = 2_000;

export function addAuditPayload(audit: Command, terminal: Terminal): void {
  deedCommand(audit, 'payload <record>', 'Shows what was captured of a call; that you read it is on record.').action(
    async (record: string, flags: Common) => {
      const id = RecordId.safeParse(record);
      if (!id.success) throw new Fault('SETTING_INVALID', { setting: 'record', reason: 'write the id of a record.' });
      const shown = await withAdmin(terminal, flags, async (acting, { dataDir, vaultKeys }) => {
        await catchUp(acting.store, catchUpMs);
        return await readPayloads({ ...acting, ...openKeys(dataDir, vaultKeys) }, id.data);
      });
      if (flags.json) return terminal.print(JSON.stringify(shown));
      for (const line of payloadLines(shown)) terminal.print(line);
    },
  );
}

function payloadLines({ gateway, mode, payloads }: ShownPayloads): readonly string[] {
  return [
    `${mode}, at ${gateway ?? 'no gateway'}`,
    ...payloads.flatMap(({ direction, messages, beyond }) => [
      ...messages.map((message) => `${direction}  ${lineOf(message)}`),
      ...(beyond > 0 ? [`${direction}  ${beyond} more messages found no room`] : []),
    ]),
  ];
}

function lineOf({ what, at, bytes, text, isCut, sha256, left }: PayloadMessage): string {
  const head = `${new Date(at).toISOString()}  ${what}  ${bytes} bytes`;
  if (text === undefined)
    return `${head}  (not kept: ${left === 'blocked' ? 'a rule blocked it' : 'no rule of an engine elsewhere had seen it'})`;
  const whole = sha256 === undefined ? '' : `, SHA-256 of the whole ${sha256}`;
  return `${head}  ${printable(text)}${isCut ? `…  (cut here${whole})` : ''}`;
}
