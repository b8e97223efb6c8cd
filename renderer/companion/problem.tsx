// What is wrong, as a list: what it means, where, and what to do. The words are those of contract/finding.ts, which IT's tools use too.
import type { Problem } from '#contract/standing.ts';
import { Badge, Empty } from './part.tsx';

const words = { high: 'Important', medium: 'Needs attention', low: 'Good to know' } as const;
const tones = { high: 'bad', medium: 'warn', low: 'quiet' } as const;

export function Problems({ title, problems }: { readonly title: string; readonly problems: readonly Problem[] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {problems.length === 0 ? <Empty>Nothing.</Empty> : null}
      <ul className="list">
        {problems.map(({ finding, severity, meaning, action, about }) => (
          <li key={JSON.stringify(finding)} className="item">
            <p className="row">
              <Badge tone={tones[severity]}>{words[severity]}</Badge>
              {about === '' ? null : <span className="about">{about}</span>}
            </p>
            <p>{meaning}</p>
            {finding.detail === undefined ? null : <p className="detail">{finding.detail}</p>}
            <p className="advice">{action}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
