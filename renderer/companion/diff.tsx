// A unified diff as people read it: added and removed lines are told apart by their sign first and by color second.
import { Empty } from './part.tsx';

interface Props {
  readonly title: string;
  readonly files: readonly { readonly shownAs: string; readonly diff: string }[];
}

export function Diff({ title, files }: Props) {
  const changed = files.filter(({ diff }) => diff !== '');
  if (changed.length === 0) return <Empty>Nothing was changed and nothing would be.</Empty>;
  return changed.map(({ shownAs, diff }) => (
    <pre key={shownAs} tabIndex={0} role="region" aria-label={`Changes of ${shownAs}, ${title}`}>
      {diff
        .trimEnd()
        .split('\n')
        .map((line, index) => (
          // Lines repeat, and their order is all that they have.
          <span key={`${index} ${line}`} className={kindOf(line)}>
            {line}
            {'\n'}
          </span>
        ))}
    </pre>
  ));
}

function kindOf(line: string): string {
  if (/^(?:\+\+\+|---|@@)/.test(line)) return 'meta';
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : 'same';
}
