// Every setting in force, its value and where it came from, so that "why is this so?" has an answer. None of them can be changed here.
import type { AgentState } from '#contract/agent.ts';
import { type ProfileSource, settingNames, settingOf } from '#contract/profile.ts';
import { Managed } from './managed.tsx';
import { NoAgent, SectionPage, When } from './part.tsx';
import { StartAtLogin } from './start-at-login.tsx';

const sources: Readonly<Record<ProfileSource, string>> = {
  mdm: 'your organization (device management)',
  file: 'your organization (file)',
  user: 'this user',
  default: 'default',
};

export function Settings({ agent, now }: { readonly agent: AgentState | undefined; readonly now: number }) {
  return (
    <SectionPage
      title="Settings"
      lead="What is set for this device, and who set it. It is changed where it comes from, not here."
    >
      {agent ? (
        <>
          <Managed profile={agent.profile} />
          <StartAtLogin setting={agent.profile.values.AutoStart} />
          <h2>Settings in force</h2>
          <p className="hint">
            {agent.profile.file === undefined ? 'No profile file was found' : `Read from ${agent.profile.file}`},{' '}
            <When at={agent.profile.loadedAt} now={now} />.
          </p>
          <table className="table" aria-label="Settings in force">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                <th scope="col">Value</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {settingNames.map((name) => {
                const source = agent.profile.origins[name];
                const value = agent.profile.values[name];
                const isInvalid = agent.findings.some(({ code, setting }) => code === 'profile_invalid' && setting === name);
                return (
                  <tr key={name}>
                    <th scope="row" title={settingOf(name).help}>
                      {settingOf(name).title}
                      <span className="why code">{name}</span>
                    </th>
                    <td className="value">{value ?? 'not set'}</td>
                    <td>
                      {source === undefined ? '–' : sources[source]}
                      {isInvalid ? (
                        <span className="why">
                          {value === undefined ? 'What is set is not valid.' : 'What is set is not valid; this stands in for it.'}
                        </span>
                      ) : null}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </>
      ) : (
        <NoAgent />
      )}
    </SectionPage>
  );
}
