// What is promised of the database: changes, migrations, backups, who may use it.
import type { Requirement } from '../requirement.ts';

export const store: readonly Requirement[] = [
  {
    id: 'store.id-never-reused',
    promise: 'A name keeps its id while it stays in the policy; one that is gone and comes back is another, with another id.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.policy-compare',
    promise: 'A policy is replaced only if nobody changed anything since it was read.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.gone-user-revoked',
    promise: 'Who is taken out of the policy loses tokens and workstations for good.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.enroll-once',
    promise: 'An enrollment token is spent once, however many try at the same moment.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.last-write',
    promise:
      'Whoever looks for what is new in the database passes it over only where nothing at all was committed since, by whomever.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.revision-grows',
    promise: 'Every change bumps the revision in its own transaction; records and sightings do not.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.change-seen',
    promise: 'A change by another process is noticed within 200 ms.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.revision-committed',
    promise: 'What changed is told once it is committed, and never where it was undone.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.append-own',
    promise: 'A group of records is committed by itself: it does not go with a change under way that is undone.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.append-whole',
    promise: 'A group of records is kept as a whole or not at all, and no number is given twice.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.records-migrated',
    promise: 'A migration leaves every audit record and every seal as it was.',
    source: 'gateway/store/migration/0014-one-record-tree.ts',
  },
  {
    id: 'store.newer-refused',
    promise: 'A database of a newer Drawbridge is refused with one clear line, and not a byte of it is changed.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.connection-cut',
    promise: 'A connection to PostgreSQL that is cut while it is used costs what was asked of it, and never the gateway server.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.connection-unready',
    promise:
      'A new connection to PostgreSQL that cannot be set up is given up: nothing is asked of it, and it holds no place in the pool.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.connection-silent',
    promise:
      'A connection to PostgreSQL over which no answer comes any more is let go of with what was asked of it: what is asked next goes over another one.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.connection-read-only',
    promise:
      'A connection to a PostgreSQL that may only be read is let go of, so that another server that takes its place is found without a restart.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.migration-patient',
    promise: 'A migration may take as long as it takes, though every other statement has a deadline.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.backup-before-migration',
    promise: 'A database is backed up before it is migrated.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.migrated-alone',
    promise: 'No command migrates a database under a gateway server that runs.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.backup-whole',
    promise: 'A backup brings everything back into an empty database of either kind.',
    source: 'docs/data.md, "Backup and restore"',
  },
  {
    id: 'store.backup-checked',
    promise: 'A backup that is not whole is refused before anything is touched.',
    source: 'docs/data.md, "Backup and restore"',
  },
  {
    id: 'store.restore-beside',
    promise:
      'Into a database in use a backup brings back policy, tokens, workstations, offers and approvals, and leaves the audit records.',
    source: 'docs/data.md, "Backup and restore"',
  },
  {
    id: 'store.restore-keeps-revoked',
    promise: 'A restore never undoes a revocation, a spending or a denial that came after the backup.',
    source: 'docs/data.md, "Backup and restore"',
  },
  {
    id: 'store.restore-own-only',
    promise: 'A backup of another organization is refused where there is one already.',
    source: 'docs/data.md, "Backup and restore"',
  },
  {
    id: 'store.lock',
    promise: 'A data directory has one gateway server at a time; the lock names its process and ends with it.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.private-files',
    promise: 'The database and what stands beside it belong to their owner alone.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'store.disk-full',
    promise: 'A full disk is said, loses nothing, and the store works again when there is room.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'store.postgres-durable',
    promise: 'On PostgreSQL a commit is on disk when it is acknowledged, whatever the database is set to.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'store.live-workstations',
    promise: 'Of many workstations at once the store says which may still connect; a revoked one is never among them.',
    source: 'ARCHITECTURE.md, Seams',
  },
  {
    id: 'store.newest-calls',
    promise: "A user's newest calls are found by a look back that has a bound, and nobody else's are among them.",
    source: 'gateway/store/store.ts',
  },
  {
    id: 'store.ids-in-order',
    promise: 'What one process stores sorts by its ids as it was made, also within a millisecond.',
    source: 'RFC 9562 section 6.2, method 1',
  },
];
