// What is promised of the sinks that records are sent to.
import type { Requirement } from '../requirement.ts';

export const sink: readonly Requirement[] = [
  {
    id: 'sink.begins-with-policy',
    promise: 'A sink owes exactly the records that are committed after the policy that names it.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.one-sender',
    promise: 'Of several gateway servers on one database one sends to a sink at a time; another goes on where it ends.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.secret-bound',
    promise: 'The secret of a sink goes nowhere but to the address for which it was set.',
    source: 'docs/siem.md, "Secrets"',
  },
  {
    id: 'sink.splunk-acknowledged',
    promise: 'With acknowledgement a batch counts as sent to Splunk only once an indexer has it.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.otlp-url-exact',
    promise: 'An OTLP address is used exactly as the policy has it.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.http-later',
    promise:
      'A receiver that is busy or set up wrong gets the same records later; only what it says of their content sets one aside.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.syslog-verified',
    promise: 'Syslog goes over TLS to a receiver for which somebody vouches, and to nobody else.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.file-whole-lines',
    promise: 'In the file of a sink each record is a line, also after a crash or a full disk.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.refuses-all',
    promise: 'A receiver that takes nothing at all is set up wrong: no record is set aside for it.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.at-least-once',
    promise: 'What a sink owes arrives there, however often the receiver was away in between.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.no-poison',
    promise: 'A record that can not be written as a sink wants it is set aside, and the others arrive.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.rejected-told',
    promise:
      'What a receiver drops is put on record once a minute at most, so that the record of it, which is sent there too, makes no other.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.looked-up-again',
    promise: 'Sinks that could not be begun because the database did not answer begin once it does.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.lag-told',
    promise: 'A sink that owes half of what it may is told, before calls are refused.',
    source: 'docs/siem.md, "The limit"',
  },
  {
    id: 'sink.poisoned-head',
    promise:
      'Records that a receiver will not take do not stop those behind them, however many come in a row, where it takes any.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.finds-out',
    promise:
      'Whether a receiver takes anything at all is found out by a record that it took before, or by the newest that it is owed.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.aside-told',
    promise:
      'A record that a receiver will not take is told, and the telling, where that is not taken either, is not told again.',
    source: 'docs/siem.md, "When a receiver does not take them"',
  },
  {
    id: 'sink.fair',
    promise: 'The records of one gateway server do not wait for the backlog of another one.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.file-keeps',
    promise: 'Of the files of a sink no more are kept than its policy says now.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.file-rotated',
    promise: 'A file that can not be rotated gets nothing twice, and no kept one is removed for it.',
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.full-refuses',
    promise: 'Where a sink owes more than it may, calls are refused until it has caught up.',
    source: 'docs/siem.md, "The limit"',
  },
  {
    id: 'sink.redacted',
    promise: 'A field that a sink leaves out is nowhere in what it sends.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.otlp-official',
    promise: "What is sent as OTLP is what OpenTelemetry's own encoder says of the same record.",
    source: 'docs/siem.md, "Kinds"',
  },
  {
    id: 'sink.outage',
    promise: 'A receiver and the gateway server that are killed while records come lose none of them.',
    source: 'docs/siem.md, "An outage"',
  },
];
