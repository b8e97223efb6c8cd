// The companion at a glance: how things stand, what to do now, through which gateway, and who manages this device.
import { Button } from 'react-aria-components';
import type { AgentState } from '#contract/agent.ts';
import type { CompanionState } from '#contract/ipc.ts';
import { type Standing, hostsToRestart, problemsOf, restartWords } from '#contract/standing.ts';
import { clockWords } from '#contract/when.ts';
import { useAsk } from './drawbridge.ts';
import { EnrollForm } from './enroll.tsx';
import { Managed } from './managed.tsx';
import { StandingMark } from './mark.tsx';
import { Outcome, SectionPage, When } from './part.tsx';
import { Problems } from './problem.tsx';

interface Props {
  readonly state: CompanionState;
  readonly standing: Standing;
  readonly now: number;
  readonly onPause: () => void;
}

export function Status({ state, standing, now, onPause }: Props) {
  const agent = state.kind === 'running' ? state.state : undefined;
  return (
    <SectionPage title="Status">
      <div className={`standing ${standing.kind}`}>
        <StandingMark kind={standing.kind} size={44} />
        <div>
          <h2>{standing.title}</h2>
          <p role="status">{standing.headline}</p>
          {standing.advice === undefined ? null : <p className="advice">{standing.advice}</p>}
          {agent ? <Actions agent={agent} onPause={onPause} /> : null}
        </div>
      </div>
      {agent && (standing.kind === 'unenrolled' || standing.kind === 'revoked') ? (
        <EnrollForm gatewayUrl={agent.profile.gatewayUrl} />
      ) : null}
      {agent ? (
        <>
          <Restarts agent={agent} />
          <Facts agent={agent} now={now} />
          <Problems title="What is wrong here" problems={problemsOf(agent)} />
          <Managed profile={agent.profile} />
        </>
      ) : null}
    </SectionPage>
  );
}

function Actions({ agent, onPause }: { readonly agent: AgentState; readonly onPause: () => void }) {
  const [resumed, resume] = useAsk('pause:end');
  if (agent.paused)
    return (
      <div className="actions">
        <Button className="button primary" isDisabled={resumed.kind === 'waiting'} onPress={() => void resume(undefined)}>
          Resume
        </Button>
        <Outcome of={resumed} waiting="Resuming …" />
      </div>
    );
  if (agent.profile.allows.pause === 'never') return null;
  return (
    <div className="actions">
      <Button className="button" onPress={onPause}>
        Pause …
      </Button>
    </div>
  );
}

function Restarts({ agent }: { readonly agent: AgentState }) {
  const waiting = hostsToRestart(agent);
  if (waiting.length === 0) return null;
  return (
    <div className="notice">
      <h2>To do</h2>
      <ul className="plain">
        {waiting.map((host) => (
          <li key={host.id}>{restartWords(host)}, so that it uses its changed servers.</li>
        ))}
      </ul>
    </div>
  );
}

function Facts({ agent, now }: { readonly agent: AgentState; readonly now: number }) {
  const { tunnel, device, profile, lastConnectedAt } = agent;
  const refused = agent.calls.filter(({ decision }) => decision === 'refused').length;
  return (
    <dl className="facts">
      <div>
        <dt>Gateway</dt>
        <dd>{profile.gatewayUrl ?? 'none is set'}</dd>
      </div>
      {agent.gateway === undefined ? null : (
        <div>
          <dt>Name of the gateway</dt>
          <dd>{agent.gateway}</dd>
        </div>
      )}
      {tunnel.kind === 'connected' ? (
        <div>
          <dt>Connected since</dt>
          <dd>
            {clockWords(tunnel.since, now)} (<When at={tunnel.since} now={now} />)
          </dd>
        </div>
      ) : lastConnectedAt === undefined ? null : (
        <div>
          <dt>Last connected</dt>
          <dd>
            <When at={lastConnectedAt} now={now} />
          </dd>
        </div>
      )}
      {device ? (
        <div>
          <dt>Enrolled as</dt>
          <dd>{device.userName}</dd>
        </div>
      ) : null}
      <div>
        <dt>Recent calls</dt>
        <dd>
          {agent.calls.length === 0 ? 'none yet' : `${agent.calls.length}, ${refused === 0 ? 'none' : refused} of them refused`}
        </dd>
      </div>
    </dl>
  );
}
