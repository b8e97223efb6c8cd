// Members of a braced list that is separated by commas (a JSON object, a TOML inline table): taking some out without leaving a stray comma or an empty line.
import type { Span } from './edit.ts';
import type { Change } from './text.ts';
import { blanksAfter, blanksBefore, breakBefore, isBreak } from './text.ts';

export interface Member extends Span {
  /** Offset of the comma after it, if one stands there. */
  readonly comma: number | undefined;
}

/** The changes that take out the members for which `goes` holds. Comments between members stay. */
export function removeMembers<M extends Member>(text: string, members: readonly M[], goes: (member: M) => boolean): Change[] {
  const changes: Change[] = [];
  for (const member of members) {
    if (!goes(member)) continue;
    const { comma } = member;
    if (comma !== undefined && text.slice(member.end, comma).trim() === '') {
      changes.push({ ...around(text, member.start, comma + 1), text: '' });
    } else {
      changes.push({ ...around(text, member.start, member.end), text: '' });
      if (comma !== undefined) changes.push({ start: comma, end: comma + 1, text: '' });
    }
  }
  // The member that is now the last one must not keep the comma that parted it from those that went.
  const staying = members.findLast((member) => !goes(member));
  const last = members.at(-1);
  if (staying !== undefined && staying !== last && staying.comma !== undefined && last?.comma === undefined)
    changes.push({ start: staying.comma, end: staying.comma + 1, text: '' });
  return merged(changes);
}

/** Two neighbors on one line both claim the blanks between them. */
function merged(changes: readonly Change[]): Change[] {
  const result: Change[] = [];
  for (const change of [...changes].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && change.start < last.end) result[result.length - 1] = { ...last, end: Math.max(last.end, change.end) };
    else result.push(change);
  }
  return result;
}

/** The span with the blanks that would be left over: a whole line where nothing else stands on it. */
function around(text: string, start: number, end: number): Span {
  const left = blanksBefore(text, start);
  const right = blanksAfter(text, end);
  const startsLine = left === 0 || isBreak(text[left - 1]);
  if (!startsLine) return { start: left, end };
  const endsLine = right === text.length || isBreak(text[right]);
  return endsLine ? { start: breakBefore(text, left), end: right } : { start, end: right };
}
