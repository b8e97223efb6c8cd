// What the tray program promises: it shows the agent's state, starts and ends what is its own, lets its page do nothing else, and believes nobody else.
import type { Requirement } from '../requirement.ts';

export const companion: readonly Requirement[] = [
  {
    id: 'companion.believes-own-agent',
    promise: 'The tray program asks for the state only where no other user could answer in the place of the agent.',
    source: 'ARCHITECTURE.md, "The programs"',
  },
  {
    id: 'companion.bundle-closed',
    promise: 'The desktop bundles need nothing but Electron and the native keyring, and hold nothing of the gateway server.',
    source: 'ARCHITECTURE.md, "The programs"',
  },
  {
    id: 'companion.bundle-older-node',
    promise:
      'The bundled agent needs nothing that the Node inside the Electron of the tests lacks, but for what it brings along.',
    source: 'bridge/older-node.ts',
  },
  {
    id: 'companion.page-policy',
    promise: "The companion's page loads scripts of its own files only, and nothing from any network.",
    source: 'SECURITY.md, "The desktop"',
  },
  {
    id: 'companion.agent-apart',
    promise: "The tray program never loads the agent's code into its own process.",
    source: 'ARCHITECTURE.md, "How things start"',
  },
  {
    id: 'companion.agent-back',
    promise: 'An agent that the companion started and that was killed is back within 2 s.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.window-is-a-view',
    promise: 'Closing the window ends neither the icon nor the agent.',
    source: 'docs/companion.md, "The window"',
  },
  {
    id: 'companion.quit-ends-own',
    promise: 'Quitting ends an agent of the companion cleanly, with every local server, within 3 s.',
    source: 'docs/companion.md, "Pause and quit"',
  },
  {
    id: 'companion.quit-ends-hung',
    promise: 'Quitting ends an agent of the companion also where it hangs.',
    source: 'docs/companion.md, "Pause and quit"',
  },
  {
    id: 'companion.hung-agent',
    promise: 'An agent that no longer answers is seen within a minute, and started again where it is of the companion.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.silent-agent',
    promise: 'An agent that takes the connection and says nothing is shown as not running, and asked again.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.link-until-spent',
    promise: 'The token of an enrollment link may be tried again until it is spent, and not after.',
    source: 'docs/companion.md, "Enroll a device"',
  },
  {
    id: 'companion.page-own-files',
    promise: 'The page loads no file of the device but those that lie beside it.',
    source: 'docs/companion.md, "What its page can\'t do"',
  },
  {
    id: 'companion.other-agent-kept',
    promise: 'An agent that somebody else started is never ended by the companion.',
    source: 'docs/companion.md, "Pause and quit"',
  },
  {
    id: 'companion.one-instance',
    promise: 'A second start shows the first one and hands its link over.',
    source: 'docs/companion.md, "Enroll a device"',
  },
  {
    id: 'companion.page-confined',
    promise:
      'The page reaches neither Node nor a network, opens nothing, goes nowhere, and asks nothing that is not in the table.',
    source: 'docs/companion.md, "What its page can\'t do"',
  },
  {
    id: 'companion.sandboxed',
    promise: "The page's process runs in Chromium's sandbox, without rights and with its system calls filtered.",
    source: 'docs/companion.md, "What its page can\'t do"',
  },
  {
    id: 'companion.sender-checked',
    promise: 'Main answers its own page only.',
    source: 'docs/companion.md, "What its page can\'t do"',
  },
  {
    id: 'companion.accessible',
    promise: 'Every section is used by keyboard alone, and axe finds nothing serious in either color scheme.',
    source: 'docs/companion.md, "The window"',
  },
  {
    id: 'companion.icon-by-shape',
    promise: 'The tray icon differs between states by its shape, not by its color alone.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.icon-stays-hidden',
    promise: 'An icon that IT hides stays hidden while the agent is away.',
    source: 'docs/companion.md, "For IT"',
  },
  {
    id: 'companion.autostart-by-profile',
    promise: 'An autostart entry is written, hidden or removed as the profile says, and only one of ours.',
    source: 'docs/companion.md, "For IT"',
  },
  {
    id: 'companion.autostart-user-decides',
    promise: 'The user chooses whether it starts at login where the profile says user_decides, and nowhere else.',
    source: 'docs/companion.md, "For IT"',
  },
  {
    id: 'companion.same-socket',
    promise: "The companion looks for the agent where the agent's own rule puts its socket.",
    source: 'docs/companion.md, "For IT"',
  },
  {
    id: 'companion.state-in-words',
    promise: 'Window, menu and icon say the same state of the agent, in words and by a shape.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.pause-by-profile',
    promise: 'Pausing and quitting are offered and possible only where the profile allows them.',
    source: 'docs/companion.md, "Pause and quit"',
  },
  {
    id: 'companion.captured-said',
    promise: 'Of each call it is said whether what was asked and answered is kept, and how.',
    source: 'docs/companion.md',
  },
  {
    id: 'companion.refused-told-once',
    promise: 'Refused calls are told together, and the same ones not again for a while.',
    source: 'docs/companion.md, "Notifications"',
  },
  {
    id: 'companion.refused-told-seldom',
    promise: 'Refused calls are told once a minute at most, whatever they are called.',
    source: 'docs/companion.md, "Notifications"',
  },
  {
    id: 'companion.restart-told',
    promise: 'A host that runs since before its file was changed is told once, and shown until that process is gone.',
    source: 'docs/companion.md, "Notifications"',
  },
  {
    id: 'companion.notification-is-text',
    promise: 'A notification is text: nothing that a host or a server sent is markup in it.',
    source: 'docs/companion.md, "Notifications"',
  },
];
