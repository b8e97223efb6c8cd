// What is promised of the audit records.
import type { Requirement } from '../requirement.ts';

export const audit: readonly Requirement[] = [
  {
    id: 'audit.checkpoint',
    promise:
      'A database that was put back to an earlier moment together with all files beside it is found by a checkpoint that was kept elsewhere.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.planted-secret',
    promise:
      'Arguments, results, tokens for upstream servers and the environment of local ones are in no database, log, backup, sink, export or report.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.checkpoint-sealed',
    promise: 'A checkpoint that was altered or made without the audit key is refused.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.search',
    promise: 'A search finds exactly the records that its filters and words describe, page by page.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.search-among-calls',
    promise: 'The index of the records goes on while calls never pause.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.search-apart',
    promise: 'A record is found by its own id, also where the words of what it shares with others are found once for all.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.search-between-calls',
    promise: 'Between calls that come one after the other the index of the records goes on no faster than among calls.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.search-shared',
    promise: 'A record is found by what it shares with others, though the index says that once for all of them.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.search-once',
    promise: 'A record is in the index of the search once, however many gateway servers and commands bring it up to date.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.retention',
    promise:
      'Records that are older than the policy keeps them go, from the beginning of their chain, and what is left verifies.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-recorded',
    promise: 'Which records go is on record before they go.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-mark',
    promise:
      'Where a chain begins once records were removed is sealed: a mark that was altered or made without the audit key is found.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-whole',
    promise: 'Records that were tampered with are not removed, also where only their time was altered.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.own-chain',
    promise: 'Of several gateway servers on one database each has a chain of its own, also where they have the same keys.',
    source: 'docs/data.md, "What lies where"',
  },
  {
    id: 'audit.own-head',
    promise:
      "A chain that another gateway server writes is verified up to its last record, and told to be so; one's own needs its head.",
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.uncertain-commit',
    promise:
      'Where the database goes away in the middle of a commit, records are kept again once it is back, however that commit ended.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'audit.uncertain-once',
    promise: 'Records of which it was not known for a while whether they were committed are there once.',
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'audit.uncertain-late',
    promise: "Records that a slow database commits only after it was given up are gone on from: they stand in nobody's way.",
    source: 'docs/data.md, "Changes"',
  },
  {
    id: 'audit.retention-owed',
    promise: 'No record goes that a sink still owes, or that the search or the alerts have not read.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-once',
    promise: 'However many gateway servers remove records at once, a chain has one beginning.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-search',
    promise: 'What the search has of a record goes with it.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-words',
    promise: 'The words that removed records were found by go too, a sixteenth of the time later at most.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-words-time',
    promise: 'What the search has is kept in parts of a sixteenth of the time for which records are kept.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.retention-gone-server',
    promise: 'The chain of a gateway server that is gone expires too.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.export-rows',
    promise: 'An export has a row for each record that its query finds.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.export-elsewhere',
    promise: 'An export that another gateway server of the same database runs is not unknown: the answer says where it is.',
    source: 'docs/data.md',
  },
  {
    id: 'audit.export-deed',
    promise: 'Who exported which records is on record.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.export-formula',
    promise: 'No cell of an exported CSV is taken for a formula by a spreadsheet.',
    source: 'docs/data.md, "Search and export"',
  },
  {
    id: 'audit.names-record',
    promise: 'Records that were altered, deleted, cut off or put in another order are found, and the first of them is named.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.apart-text',
    promise:
      'A record whose text is taken apart to be kept is sent, exported and verified as the very text that JSON.stringify writes of it.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.apart-altered',
    promise:
      'In a row that holds several records the one that was altered, taken out or moved is named, and so is the first that names a shared text that was altered.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.apart-anew',
    promise: 'A text that records share and that was altered after one verification is found by the next.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.apart-retention',
    promise: 'A text that records share goes with them, and never while a record names it.',
    source: 'docs/data.md, "Retention"',
  },
  {
    id: 'audit.any-damage',
    promise: 'Whatever is altered, removed, moved or recomputed in the records without the audit key is found.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.truncated',
    promise: 'Records that were cut off at the end are found, also where all that is left fits together.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.all-removed',
    promise: 'Where all records, seals and heads are gone but the audit key is there, that is found, and no new chain is begun.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.committed-first',
    promise: 'A durable record is committed when it is acknowledged.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.group-commit',
    promise: 'Records of one moment are committed together, under one seal.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.refuses',
    promise: 'A record that can not be committed is refused, and the chain goes on without a gap once it can.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.disk-full',
    promise: 'On a full disk records are refused, and accepted again when there is room.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.batched-bounded',
    promise: 'In batched mode the queue has a bound; what is taken is not lost while the process lives.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.broken-refused',
    promise: 'A gateway server does not go on with a chain that does not end as it was sealed.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.key-private',
    promise: 'The audit key is not in the database and belongs to its owner alone.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.verify-job',
    promise: 'A verification that the admin API began tells that records are broken, and where.',
    source: 'docs/data.md, "Audit records"',
  },
  {
    id: 'audit.kill',
    promise: 'After a kill -9 no acknowledged record is missing, and the chain is whole and goes on.',
    source: 'docs/data.md, "Audit records"',
  },
];
