// Where IT's profile lies on Linux: one file of root (VS Code and GitHub Copilot CLI keep the same rule).

export const systemProfileOnLinux = '/etc/drawbridge/profile.json';
