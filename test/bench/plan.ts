// What a run of the benchmark does, from its command line: a quick one by default, everything with --whole.
import { parseArgs } from 'node:util';
import { hugeBytes, largeBytes, openLoop, smallBytes, type CellName } from './cell.ts';

export const usage = `npm run bench -- [--whole] [--part calls,open,tunnels,sessions,starts,leak] [--callers 1,16,64] [--payload ${smallBytes},${largeBytes},${hugeBytes}]
    [--seconds 1.2] [--rounds 3] [--only floor,chain] [--tunnels 1000] [--sessions 8000] [--minutes 60] [--rules 0] [--json FILE] [--profile DIR]
  npm run bench -- policy    what policy and rules cost in a call: 200 rules and 10,000 tools, 10,000 patterns, 64 KB`;

/** In every run that names none. */
const usual = ['calls', 'open', 'tunnels', 'sessions', 'starts'] as const;
/** `leak` takes minutes and is no figure beside others. */
const parts = [...usual, 'leak'] as const;
type Part = (typeof parts)[number];

export interface Plan {
  /** Every row, every size, and tunnels with TLS too. */
  readonly isWhole: boolean;
  readonly parts: ReadonlySet<Part>;
  readonly cells: readonly CellName[];
  readonly seconds: number;
  readonly rounds: number;
  readonly tunnels: number;
  readonly sessions: number;
  /** Short sessions that may leave nothing behind. */
  readonly leakSessions: number;
  /** No tenth of those is begun after this. */
  readonly minutes: number;
  /** Rows whose names hold one of these; all where it is left out. */
  readonly only: readonly string[] | undefined;
  readonly json: string | undefined;
  /** Of the gateway in front of the product's rows; 0 or at least 11. */
  readonly rules: number;
  /** A folder for CPU profiles of the floor and of the product: for a look inside, not for figures. */
  readonly profile: string | undefined;
}

/** Undefined where the command line asks for help or is not understood. */
export function planOf(args: readonly string[]): Plan | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const names = {
    callers: text,
    payload: text,
    seconds: text,
    rounds: text,
    tunnels: text,
    sessions: text,
    minutes: text,
    rules: text,
  };
  const others = { part: text, only: text, json: text, profile: text, whole: flag, help: flag };
  let values;
  try {
    values = parseArgs({ args: [...args], options: { ...names, ...others } }).values;
  } catch {
    return undefined;
  }
  const isWhole = values.whole;
  const callers = numbers(values.callers ?? (isWhole ? '1,16,64' : '1,16'));
  const payloads = numbers(values.payload ?? [smallBytes, largeBytes, ...(isWhole ? [hugeBytes] : [])].join(','));
  const [seconds] = numbers(values.seconds ?? (isWhole ? '2' : '1.2'));
  const [rounds] = numbers(values.rounds ?? '3');
  const [tunnels] = numbers(values.tunnels ?? (isWhole ? '10000' : '1000'));
  const [sessions] = numbers(values.sessions ?? '8000');
  const [leakSessions] = numbers(values.sessions ?? '100000');
  const [minutes] = numbers(values.minutes ?? '60');
  const rules = Number(values.rules ?? '0');
  const asked: readonly string[] = values.part?.split(',') ?? usual;
  const known = parts.filter((part) => asked.includes(part));
  const isMissing =
    [seconds, rounds, tunnels, sessions, leakSessions, minutes].includes(undefined) ||
    callers.length === 0 ||
    payloads.length === 0;
  if (values.help || isMissing || known.length !== asked.length) return undefined;
  if (rules !== 0 && !(rules >= 11)) return undefined;
  if (seconds === undefined || rounds === undefined || tunnels === undefined || sessions === undefined) return undefined;
  if (leakSessions === undefined || minutes === undefined) return undefined;
  const closed = payloads.flatMap((payloadBytes) => callers.map((count) => ({ callers: count, payloadBytes })));
  const cells = [...(known.includes('calls') ? closed : []), ...(known.includes('open') ? [openLoop] : [])];
  const { only, json, profile } = values;
  const counts = { rounds, tunnels, sessions, leakSessions, rules };
  return { isWhole, parts: new Set(known), cells, seconds, minutes, ...counts, only: only?.split(','), json, profile };
}

function numbers(list: string): readonly number[] {
  const parsed = list.split(',').map(Number);
  return parsed.every((number) => number > 0) ? parsed : [];
}
