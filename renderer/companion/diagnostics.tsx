// What to hand to whoever helps: one text without secrets, copied or saved; and a way to look at everything again.
import { Button } from 'react-aria-components';
import type { AgentState } from '#contract/agent.ts';
import { useAsk } from './drawbridge.ts';
import { Outcome, SectionPage, When } from './part.tsx';

export function Diagnostics({ agent, now }: { readonly agent: AgentState | undefined; readonly now: number }) {
  const [copied, copy] = useAsk('diagnostics:copy');
  const [saved, save] = useAsk('diagnostics:save');
  const [reloaded, reload] = useAsk('agent:reload');
  return (
    <SectionPage
      title="Diagnostics"
      lead="Versions, state, what is wrong and the last log lines, as one text for whoever helps you. It holds no token, no argument and no result of a call."
    >
      <div className="actions">
        <Button className="button primary" isDisabled={copied.kind === 'waiting'} onPress={() => void copy(undefined)}>
          Copy diagnostics
        </Button>
        <Button className="button" isDisabled={saved.kind === 'waiting'} onPress={() => void save(undefined)}>
          Save as a file …
        </Button>
        {agent ? (
          <Button className="button" isDisabled={reloaded.kind === 'waiting'} onPress={() => void reload(undefined)}>
            Look at everything again
          </Button>
        ) : null}
      </div>
      <Outcome of={copied} waiting="Gathering …" done={() => 'Copied. Paste it where you ask for help.'} />
      <Outcome
        of={saved}
        waiting="Gathering …"
        done={({ file }) => (file === undefined ? 'Nothing was saved.' : `Saved as ${file}.`)}
      />
      <Outcome of={reloaded} waiting="Reading the profile and the AI hosts’ files …" done={() => 'Everything was read again.'} />
      {agent ? (
        <dl className="facts">
          <div>
            <dt>Version</dt>
            <dd>{agent.productVersion}</dd>
          </div>
          <div>
            <dt>Agent</dt>
            <dd>
              process {agent.pid}, started <When at={agent.since} now={now} />
            </dd>
          </div>
          <div>
            <dt>Keys are kept in</dt>
            <dd>{agent.secretStore === 'os' ? 'the operating system’s secret store' : 'a file that only you can read'}</dd>
          </div>
          <div>
            <dt>State folder</dt>
            <dd className="code">{agent.stateDir}</dd>
          </div>
        </dl>
      ) : null}
    </SectionPage>
  );
}
