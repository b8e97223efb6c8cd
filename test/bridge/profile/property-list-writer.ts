// Writes a binary property list of a few settings, as a Mac's MDM client would: one object each, references of one byte.

export function propertyList(values: Readonly<Record<string, string | number>>): Buffer {
  const entries = Object.entries(values);
  const all = [...entries.map(([key]) => key), ...entries.map(([, value]) => value)];
  const dict = Buffer.from([0xd0 + entries.length, ...all.map((_, index) => index + 1)]);
  const objects = [dict, ...all.map(objectOf)];
  const offsets: number[] = [];
  let at = 8;
  for (const object of objects) {
    offsets.push(at);
    at += object.length;
  }
  const trailer = Buffer.alloc(32);
  trailer.set([2, 1], 6);
  trailer.writeBigUInt64BE(BigInt(objects.length), 8);
  trailer.writeBigUInt64BE(BigInt(at), 24);
  const table = Buffer.concat(offsets.map((offset) => Buffer.from([offset >> 8, offset & 0xff])));
  return Buffer.concat([Buffer.from('bplist00'), ...objects, table, trailer]);
}

function objectOf(value: string | number): Buffer {
  if (typeof value === 'number') return Buffer.from([0x10, value]);
  const text = Buffer.from(value, 'latin1');
  return Buffer.concat([text.length < 15 ? Buffer.from([0x50 + text.length]) : Buffer.from([0x5f, 0x10, text.length]), text]);
}
