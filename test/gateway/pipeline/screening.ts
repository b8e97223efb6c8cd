// The rules of a policy as a pipeline under test asks them, with no engine and a recorder of its own.
import pino from 'pino';
import type { AuditRecord } from '#contract/audit.ts';
import type { InForce } from '../../../gateway/in-force.ts';
import { createScreen, type Screen } from '../../../gateway/pipeline/screen.ts';
import type { Engines } from '../../../gateway/rule/engine.ts';
import { noEngines } from '../rule/stage.ts';

export function screenBy(
  inForce: InForce,
  records: AuditRecord[] = [],
  engines: Engines = noEngines,
  onDropped: () => void = () => undefined,
): Screen {
  const recorder = {
    append: (record: AuditRecord) => Promise.resolve(void records.push(record)),
    close: () => Promise.resolve(),
  };
  return createScreen({ inForce, engines, recorder, logger: pino({ level: 'silent' }), onDropped });
}
