// Where IT's profile lies on macOS. Unverified: written from the platform's documentation, never run on a Mac.
// Forced preferences of dev.drawbridge.companion (configuration profiles) are not read yet: only the system file, which they will come before.

export const systemProfileOnMacos = '/Library/Application Support/Drawbridge/profile.json';
