// The local servers that run behind the bridge on this device: how each does, what went wrong last, its last lines, and a restart.
import { useState } from 'react';
import { Button, Disclosure, DisclosurePanel, Heading } from 'react-aria-components';
import type { AgentServer, AgentState } from '#contract/agent.ts';
import { serverWords } from '#contract/standing.ts';
import { useAsk } from './drawbridge.ts';
import { Badge, Empty, NoAgent, Outcome, SectionPage, type Tone, When } from './part.tsx';

const tones: Readonly<Record<AgentServer['status'], Tone>> = {
  ready: 'quiet',
  running: 'good',
  failing: 'bad',
  refused: 'warn',
  unresolved: 'bad',
};

export function Servers({ agent, now }: { readonly agent: AgentState | undefined; readonly now: number }) {
  return (
    <SectionPage
      title="Local servers"
      lead="MCP servers that run on this device. Your AI hosts reach them through the gateway, and a call starts them."
    >
      {agent ? null : <NoAgent />}
      {agent?.servers.length === 0 ? (
        <Empty>There are none: neither your organization nor an AI host here names one.</Empty>
      ) : null}
      <ul className="list">
        {agent?.servers.map((server) => (
          <Server
            key={`${server.server} ${server.fingerprint ?? ''}`}
            server={server}
            hosts={server.hosts.map((id) => agent.hosts.find((host) => host.id === id)?.title ?? id)}
            now={now}
          />
        ))}
      </ul>
    </SectionPage>
  );
}

interface ServerProps {
  readonly server: AgentServer;
  /** The titles of the AI hosts that it comes from. */
  readonly hosts: readonly string[];
  readonly now: number;
}

function Server({ server, hosts, now }: ServerProps) {
  const [restarted, restart] = useAsk('server:restart');
  const [log, askLog] = useAsk('server:log');
  const [isOpen, setOpen] = useState(false);
  const { server: name, origin, command, lastError, detail, status } = server;
  const mayStart = status !== 'refused' && status !== 'unresolved';
  const from =
    origin === 'profile' ? 'from your organization' : hosts.length > 0 ? `from ${hosts.join(', ')}` : 'from an AI host';
  return (
    <li className="item" aria-label={name}>
      <div className="row">
        <h2>{name}</h2>
        <Badge tone={tones[server.status]}>{serverWords(server)}</Badge>
        <span className="about">{from}</span>
      </div>
      {command ? <p className="detail code">{[command.identity, command.version].filter(Boolean).join(' @ ')}</p> : null}
      {detail === undefined ? null : <p>{detail}</p>}
      {lastError ? (
        <p className="detail">
          Last error, <When at={lastError.at} now={now} />: {lastError.message}
        </p>
      ) : null}
      {mayStart ? (
        <div className="actions">
          <Button
            className="button"
            isDisabled={restarted.kind === 'waiting'}
            onPress={() => void restart({ server: name })}
            aria-label={`Restart ${name}`}
          >
            Restart
          </Button>
          <Outcome of={restarted} waiting="Ending it …" done={() => 'Ended. The next call starts it anew.'} />
        </div>
      ) : null}
      <Disclosure
        isExpanded={isOpen}
        onExpandedChange={(open) => {
          setOpen(open);
          if (open) void askLog({ server: name });
        }}
      >
        <Heading level={3}>
          <Button slot="trigger" className="fold">
            <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> Last lines of {name}
          </Button>
        </Heading>
        <DisclosurePanel>
          <Outcome of={log} waiting="Reading …" />
          {log.kind === 'done' ? (
            log.value.lines.length === 0 ? (
              <Empty>It wrote nothing yet.</Empty>
            ) : (
              <pre tabIndex={0} role="region" aria-label={`Last lines of ${name}`}>
                {log.value.lines.join('\n')}
              </pre>
            )
          ) : null}
        </DisclosurePanel>
      </Disclosure>
    </li>
  );
}
