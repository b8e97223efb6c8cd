// What this program calls itself, wherever it introduces itself.

export const product = { name: 'drawbridge', title: 'Drawbridge', version: '0.1.0' } as const;
