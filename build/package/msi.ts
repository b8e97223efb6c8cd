// The start at login in the MSI: electron-builder has no setting for it, so its WiX project is completed before it is compiled.
// Rule: a project that looks otherwise than expected fails the build; an MSI without the start would look just as good.
import { readFile, writeFile } from 'node:fs/promises';

const feature = '<ComponentGroupRef Id="ProductComponents"/>';
const end = '</Product>';
const component = `
    <DirectoryRef Id="APPLICATIONFOLDER">
      <Component Id="DrawbridgeAutostart" Guid="6d1c7f0e-6b41-4f57-9d5c-6a3f6a0f5d10">
        <RegistryValue Root="HKLM" Key="Software\\Microsoft\\Windows\\CurrentVersion\\Run" Name="Drawbridge" Type="string" Value="&quot;[APPLICATIONFOLDER]drawbridge.exe&quot; --hidden" KeyPath="yes"/>
      </Component>
    </DirectoryRef>
`;

/** The project's text with a component that starts the companion at every user's login. */
export function withAutostart(project: string): string {
  for (const anchor of [feature, end])
    if (project.split(anchor).length !== 2) throw new Error(`the WiX project does not hold ${anchor} once`);
  return project
    .replace(feature, `${feature}\n      <ComponentRef Id="DrawbridgeAutostart"/>`)
    .replace(end, `${component}  ${end}`);
}

/** electron-builder's hook: `file` is the project. */
export async function completeMsi(file: string): Promise<void> {
  await writeFile(file, withAutostart(await readFile(file, 'utf8')));
}
