// The AI hosts on this device: what each is wired to, whether it must be restarted, what Drawbridge changed in its files, and the way back where it is allowed.
import { useState } from 'react';
import { Button, Disclosure, DisclosurePanel, Heading } from 'react-aria-components';
import type { AgentState } from '#contract/agent.ts';
import type { ConfigState } from '#contract/host.ts';
import type { HostState } from '#contract/host-report.ts';
import { restartWords } from '#contract/standing.ts';
import { unobservableWords } from '#contract/unobservable.ts';
import { Diff } from './diff.tsx';
import { useAsk } from './drawbridge.ts';
import { Badge, Empty, NoAgent, Outcome, SectionPage, type Tone, When } from './part.tsx';

export function Hosts({ agent, now }: { readonly agent: AgentState | undefined; readonly now: number }) {
  const installed = agent?.hosts.filter(({ isInstalled }) => isInstalled) ?? [];
  const absent = agent?.hosts.filter(({ isInstalled }) => !isInstalled).map(({ title }) => title) ?? [];
  return (
    <SectionPage
      title="AI hosts"
      lead="Apps and agents on this device that use MCP servers, and whether they reach them through the gateway only."
    >
      {agent ? null : <NoAgent />}
      {agent && installed.length === 0 ? <Empty>None of the AI hosts that Drawbridge knows was found here.</Empty> : null}
      <ul className="list">
        {installed.map((host) => (
          <Host key={host.id} host={host} now={now} />
        ))}
      </ul>
      {installed.length === 0 ? null : (
        <p className="hint">“Only through the gateway” is said of MCP only. Not seen from here: {unobservableWords}.</p>
      )}
      {absent.length === 0 ? null : <p className="hint">Not found here: {absent.join(', ')}.</p>}
    </SectionPage>
  );
}

function Host({ host, now }: { readonly host: HostState; readonly now: number }) {
  const [undone, undo] = useAsk('host:undo');
  const [converged, converge] = useAsk('host:converge');
  const [diff, askDiff] = useAsk('host:diff');
  const [isOpen, setOpen] = useState(false);
  const { id, title, needsRestart, mayUndo } = host;
  const { tone, words } = hostWords(host);
  const isDrifted = host.undone || host.files.some(({ state }) => state === 'drifted');
  return (
    <li className="item" aria-label={title}>
      <div className="row">
        <h2>{title}</h2>
        <Badge tone={tone}>{words}</Badge>
        {needsRestart ? <Badge tone="warn">needs a restart</Badge> : null}
      </div>
      {needsRestart ? (
        <p>
          {restartWords(host)}: its file was changed <When at={needsRestart.since} now={now} />.
        </p>
      ) : null}
      <ul className="plain">
        {host.files
          .filter(({ state }) => state !== 'missing')
          .map((file) => (
            <li key={file.path} className="detail">
              <span className="code">{file.shownAs}</span>: {fileWords[file.state]}
            </li>
          ))}
      </ul>
      <div className="actions">
        {isDrifted ? (
          <Button
            className="button"
            isDisabled={converged.kind === 'waiting'}
            onPress={() => void converge({ host: id })}
            aria-label={`Point ${title} at the gateway`}
          >
            Point at the gateway
          </Button>
        ) : null}
        {mayUndo && !host.undone ? (
          <Button
            className="button"
            isDisabled={undone.kind === 'waiting'}
            onPress={() => void undo({ host: id })}
            aria-label={`Undo the changes in ${title}`}
          >
            Undo the changes
          </Button>
        ) : null}
        <Outcome of={undone} waiting="Putting its files back …" done={() => 'Its files are as they were before.'} />
        <Outcome of={converged} waiting="Changing its files …" done={() => 'Done.'} />
      </div>
      <Disclosure
        isExpanded={isOpen}
        onExpandedChange={(open) => {
          setOpen(open);
          if (open) void askDiff({ host: id });
        }}
      >
        <Heading level={3}>
          <Button slot="trigger" className="fold">
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> Changes in the files of {title}
          </Button>
        </Heading>
        <DisclosurePanel>
          <Outcome of={diff} waiting="Comparing …" />
          {diff.kind === 'done' ? <Diff title={title} files={diff.value.files} /> : null}
        </DisclosurePanel>
      </Disclosure>
    </li>
  );
}

export function hostWords(host: HostState): { tone: Tone; words: string } {
  if (host.undone) return { tone: 'warn', words: 'undone by you' };
  const states = new Set(host.files.map(({ state }) => state));
  const broken = (['unparseable', 'readonly', 'foreign_owner', 'unsupported'] as const).find((state) => states.has(state));
  if (broken) return { tone: 'bad', words: 'can’t be managed' };
  if (states.has('drifted')) return { tone: 'bad', words: 'passes the gateway by' };
  return { tone: 'good', words: 'only through the gateway' };
}

const fileWords: Readonly<Record<ConfigState, string>> = {
  compliant: 'only through the gateway',
  drifted: 'names a server past the gateway',
  missing: 'not there',
  unparseable: 'can’t be read; correct it by hand',
  readonly: 'can’t be written',
  foreign_owner: 'belongs to someone else',
  unsupported: 'not a file that Drawbridge changes',
};
