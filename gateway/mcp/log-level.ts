// How urgent a log message is, and whether a host wants it (2025-11-25, server/utilities/logging; 2026-07-28: per request, in `_meta`).
import { type LogLevel, logLevels } from '../call.ts';
import { isObject, type Params } from './jsonrpc.ts';

const key = 'io.modelcontextprotocol/logLevel';

export function readLogLevel(value: unknown): LogLevel | undefined {
  return logLevels.find((level) => level === value);
}

/** What a modern request asks for. */
export function logLevelOf({ value }: Params): LogLevel | undefined {
  const meta = value['_meta'];
  return isObject(meta) ? readLogLevel(meta[key]) : undefined;
}

/** Is a message of this level urgent enough? For who wants none, never. */
export function reaches(level: LogLevel, least: LogLevel | undefined): boolean {
  return least !== undefined && logLevels.indexOf(level) >= logLevels.indexOf(least);
}
