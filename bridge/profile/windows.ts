// Where IT's profile lies on Windows. Unverified: written from the platform's documentation, never run on Windows.
// Under Program Files and not ProgramData, because users can create files in ProgramData. HKLM\SOFTWARE\Policies\Drawbridge is not read yet.

export const systemProfileOnWindows = 'C:\\Program Files\\Drawbridge\\profile.json';
