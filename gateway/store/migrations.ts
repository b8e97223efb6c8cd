// The numbered migrations, and a database brought up by them. The rule: they are loaded only where one has to be made, because each start looks whether one has.
import { type Migration, Migrator } from 'kysely/migration';
import type { DialectName } from './engine.ts';
import { createPolicy } from './migration/0001-policy.ts';
import { createRecords } from './migration/0002-record.ts';
import { createProvision } from './migration/0003-provision.ts';
import { createRemote } from './migration/0004-remote.ts';
import { createSignIn } from './migration/0005-sign-in.ts';
import { createLocalAccount } from './migration/0006-local-account.ts';
import { createTransport } from './migration/0007-transport.ts';
import { createEgressWay } from './migration/0008-egress.ts';
import { createUpstreamSignIn } from './migration/0009-upstream-sign-in.ts';
import { createServiceAccount } from './migration/0010-machine-account.ts';
import { createSign } from './migration/0011-sign.ts';
import { createHost } from './migration/0012-host.ts';
import { createStepUp } from './migration/0013-step-up.ts';
import { createRecordTree } from './migration/0014-one-record-tree.ts';
import { createPerson } from './migration/0015-person.ts';
import { createAccount } from './migration/0016-account.ts';
import { createSink } from './migration/0017-sink.ts';
import { createRule } from './migration/0018-rule.ts';
import { createAdministration } from './migration/0019-administration.ts';
import { createSeen } from './migration/0020-seen.ts';
import { createDirectory } from './migration/0021-directory.ts';
import { createAlert } from './migration/0022-alert.ts';
import { createSearch } from './migration/0023-search.ts';
import { createSwitch } from './migration/0024-switch.ts';
import { createPin } from './migration/0025-pin.ts';
import { createParent } from './migration/0026-parent.ts';
import { createCondition } from './migration/0027-condition.ts';
import { createRemoval } from './migration/0028-removal.ts';
import { createLook } from './migration/0029-look.ts';
import { createRecentChange } from './migration/0030-recent-change.ts';
import { createPayload } from './migration/0031-payload.ts';
import { createExportJob } from './migration/0032-export.ts';
import { createAlertClosing } from './migration/0033-alert-closing.ts';
import { createEngineSecret } from './migration/0034-engine-secret.ts';
import { createWordPart } from './migration/0035-word-part.ts';
import { createRun } from './migration/0036-run.ts';
import { createPinState } from './migration/0037-pin-state.ts';
import { createSheaf } from './migration/0038-sheaf.ts';
import { createMethod } from './migration/0039-method.ts';
import { type MigrationName, newest } from './schema.ts';
import type { Db } from './table.ts';

const migrations: Readonly<Record<MigrationName, (dialect: DialectName) => Migration>> = {
  '0001-policy': createPolicy,
  '0002-record': createRecords,
  '0003-provision': createProvision,
  '0004-remote': createRemote,
  '0005-sign-in': createSignIn,
  '0006-local-account': createLocalAccount,
  '0007-transport': createTransport,
  '0008-egress': createEgressWay,
  '0009-upstream-sign-in': createUpstreamSignIn,
  '0010-machine-account': createServiceAccount,
  '0011-sign': createSign,
  '0012-host': createHost,
  '0013-step-up': createStepUp,
  '0014-one-record-tree': createRecordTree,
  '0015-person': createPerson,
  '0016-account': createAccount,
  '0017-sink': createSink,
  '0018-rule': createRule,
  '0019-administration': createAdministration,
  '0020-seen': createSeen,
  '0021-directory': createDirectory,
  '0022-alert': createAlert,
  '0023-search': createSearch,
  '0024-switch': createSwitch,
  '0025-pin': createPin,
  '0026-parent': createParent,
  '0027-condition': createCondition,
  '0028-removal': createRemoval,
  '0029-look': createLook,
  '0030-recent-change': createRecentChange,
  '0031-payload': createPayload,
  '0032-export': createExportJob,
  '0033-alert-closing': createAlertClosing,
  '0034-engine-secret': createEngineSecret,
  '0035-word-part': createWordPart,
  '0036-run': createRun,
  '0037-pin-state': createPinState,
  '0038-sheaf': createSheaf,
  '0039-method': createMethod,
};

/** Brings a database, or an open transaction on one, up to `schema`. */
export async function migrate(db: Db, dialect: DialectName, schema: string = newest): Promise<void> {
  const known = Object.fromEntries(Object.entries(migrations).map(([name, of]) => [name, of(dialect)]));
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(known) },
    migrationTableName: 'migration',
    migrationLockTableName: 'migration_lock',
  });
  const { error } = await migrator.migrateTo(schema);
  if (error !== undefined) throw error;
}
