// The window: sections at the side, one of them shown, and a question in front of it where the tray or a link asked one.
import { useCallback, useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { type Place, Section } from '#contract/ipc.ts';
import { problemsOf, standingOf } from '#contract/standing.ts';
import { Calls } from './calls.tsx';
import { Diagnostics } from './diagnostics.tsx';
import { useCompanionState, useNow, usePlace } from './drawbridge.ts';
import { Hosts, hostWords } from './hosts.tsx';
import { PauseQuestion } from './pause.tsx';
import { EnrollQuestion } from './enroll.tsx';
import { QuitQuestion } from './quit.tsx';
import { Servers } from './servers.tsx';
import { Settings } from './settings.tsx';
import { Status } from './status.tsx';
import { StandingMark } from './mark.tsx';

const sections = [
  { id: 'status', title: 'Status' },
  { id: 'servers', title: 'Local servers' },
  { id: 'hosts', title: 'AI hosts' },
  { id: 'calls', title: 'Recent calls' },
  { id: 'settings', title: 'Settings' },
  { id: 'diagnostics', title: 'Diagnostics' },
] as const satisfies readonly { id: Section; title: string }[];

export function Companion() {
  const state = useCompanionState();
  const now = useNow();
  const [section, setSection] = useState<Section>('status');
  const [question, setQuestion] = useState<Place['question']>('none');
  usePlace(
    useCallback((place: Place) => {
      setSection(place.section);
      setQuestion(place.question);
    }, []),
  );
  const close = () => setQuestion('none');

  if (!state)
    return (
      <main className="waiting">
        <p role="status">Asking the agent …</p>
      </main>
    );
  const standing = standingOf(state, now);
  const agent = state.kind === 'running' ? state.state : undefined;
  const counts: Partial<Record<Section, number>> = agent
    ? {
        status: problemsOf(agent).filter(({ severity }) => severity !== 'low').length,
        servers: agent.servers.filter(({ status }) => status === 'failing' || status === 'unresolved').length,
        hosts: agent.hosts.filter((host) => host.isInstalled && (host.needsRestart || hostWords(host).tone === 'bad')).length,
      }
    : {};
  return (
    <>
      <Tabs
        className="window"
        orientation="vertical"
        keyboardActivation="automatic"
        selectedKey={section}
        onSelectionChange={(key) => setSection(Section.parse(key))}
      >
        <nav className="side" aria-label="Sections">
          <div className="brand">
            <StandingMark kind={standing.kind} size={18} />
            <span>Drawbridge</span>
          </div>
          <TabList aria-label="Sections" items={sections} dependencies={[counts]}>
            {({ id, title }) => (
              <Tab id={id} className="tab">
                <span>{title}</span>
                {counts[id] ? (
                  <span className="count" aria-label={`${counts[id]} to look at`}>
                    {counts[id]}
                  </span>
                ) : null}
              </Tab>
            )}
          </TabList>
          {agent?.profile.managedBy === undefined ? null : <p className="managed">Managed by {agent.profile.managedBy}</p>}
        </nav>
        <main className="content">
          <TabPanel id="status">
            <Status state={state} standing={standing} now={now} onPause={() => setQuestion('pause')} />
          </TabPanel>
          <TabPanel id="servers">
            <Servers agent={agent} now={now} />
          </TabPanel>
          <TabPanel id="hosts">
            <Hosts agent={agent} now={now} />
          </TabPanel>
          <TabPanel id="calls">
            <Calls agent={agent} now={now} />
          </TabPanel>
          <TabPanel id="settings">
            <Settings agent={agent} now={now} />
          </TabPanel>
          <TabPanel id="diagnostics">
            <Diagnostics agent={agent} now={now} />
          </TabPanel>
        </main>
      </Tabs>
      {agent ? <PauseQuestion allows={agent.profile.allows} isOpen={question === 'pause'} onClose={close} /> : null}
      {agent ? (
        <EnrollQuestion
          profile={agent.profile}
          enrolledAs={agent.device?.userName}
          isOpen={question === 'enroll'}
          onClose={close}
        />
      ) : null}
      <QuitQuestion isOpen={question === 'quit'} onClose={close} />
    </>
  );
}
