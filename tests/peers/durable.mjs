// Whether an acknowledgement was durable, from what the server asked of the kernel: no claim, and no `kill -9`, which
// loses nothing that was written, shows it.
import { readFileSync } from 'node:fs';

const WRITES = /^(write|pwrite64|writev|pwritev2?)$/;
const SYNCS = /^(fsync|fdatasync|sync_file_range|msync|sync|syncfs)$/;

/** Who waits for a write has written all but what its housekeeping adds. */
const WRITTEN = 0.99;

/** Calls of a trace in the order of their ends: name, path, bytes, seconds since 1970 at which they ended. */
function callsOf(file) {
  const open = new Map();
  const calls = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const parts = /^(\d+)\s+(\d+\.\d+) (.*)$/.exec(line);
    if (!parts) continue;
    const [, thread, time, rest] = parts;
    const bytes = Number(/= (\d+)/.exec(rest)?.[1] ?? 0);
    const lasted = Number(/<(\d+\.\d+)>$/.exec(rest)?.[1] ?? 0);
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(rest);
    const started = /^(\w+)\((?:\d+<([^>]*)>)?/.exec(rest);
    if (resumed && open.has(thread)) {
      const begun = open.get(thread);
      open.delete(thread);
      calls.push({ ...begun, bytes, path: begun.path ?? opened(rest), end: begun.time + lasted });
    } else if (started) {
      const isSynchronous = /O_D?SYNC/.test(rest);
      const call = { name: started[1], path: started[2] ?? opened(rest), isSynchronous, time: Number(time) };
      if (rest.includes('<unfinished ...>')) open.set(thread, call);
      else calls.push({ ...call, bytes, end: call.time + lasted });
    }
  }
  return calls.sort((one, other) => one.end - other.end);
}

/** The path that an open gave a number to. */
const opened = (rest) => /= \d+<([^>]*)>/.exec(rest)?.[1];

const sumOf = (writes) => writes.reduce((sum, call) => sum + call.bytes, 0);

/**
 * How far the pushed reports were on the server's disk when the device was told that they had arrived.
 *
 * `passed` is what the proxy saw, `acknowledgedAt` when the device heard it, in milliseconds since 1970. What counts is
 * what happened between the last tenth of the push and the server's last answer before the device knew.
 */
export function durability(file, store, passed, acknowledgedAt) {
  if (acknowledgedAt === null) return { word: 'none', why: 'the engine tells a device nothing' };
  const before = passed.filter((piece) => piece.at <= acknowledgedAt);
  const pushed = before.filter((piece) => piece.isUp).reduce((sum, piece) => sum + piece.bytes, 0);
  let sum = 0;
  const arrived = before.find((piece) => piece.isUp && (sum += piece.bytes) >= pushed * 0.9)?.at ?? 0;
  const answered = before.filter((piece) => !piece.isUp).pop()?.at ?? acknowledgedAt;
  const inStore = callsOf(file).filter((call) => call.path?.startsWith(store));
  const synchronous = new Set(inStore.filter((call) => call.isSynchronous).map((call) => call.path));
  const between = inStore.filter((call) => call.end * 1000 >= arrived && call.end * 1000 <= answered);
  const written = between.filter((call) => WRITES.test(call.name));
  const name = (call) => call.path.slice(store.length + 1).split('/').pop();
  const synced = between.find(
    (call) => SYNCS.test(call.name) && written.some((write) => write.path === call.path && write.end <= call.time),
  );
  const throughout = written.find((call) => synchronous.has(call.path));
  if (synced) return { word: 'after fsync', why: `${synced.name} of ${name(synced)} came before it` };
  if (throughout) return { word: 'after fsync', why: `${name(throughout)} is open for synchronous writes` };
  const later = inStore.find((call) => SYNCS.test(call.name) && call.end * 1000 > answered);
  const never = later ? `${later.name} ${Math.round(later.end * 1000 - answered)} ms after it` : 'no fsync at all';
  const all = inStore.filter((call) => WRITES.test(call.name) && call.end * 1000 >= before[0].at);
  const share = sumOf(all.filter((call) => call.end * 1000 <= answered)) / sumOf(all);
  const percent = `${Math.round(share * 100)} % of it was written by then, ${never}`;
  return share > WRITTEN ? { word: 'after write', why: percent } : { word: 'from memory', why: percent };
}
