// The part of an engine that runs in a process of its own: a server, or a device that captures, pushes or pulls.
//
// A device says `ready` when it has loaded what it holds, connects when it reads `go <url>`, says `acknowledged` when
// the engine tells it so, `done` when it has what it wants, counts its documents at `end`, and says `ended`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

/** Values without regard to the order of their keys. */
function isSame(one, other) {
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return one === other;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => isSame(one[key], other[key]));
}

/**
 * Runs what the command line says: `server STORE`, `capture STORE WORK IDS`, `device push|pull|again STORE WORK IDS`.
 *
 * An engine has `serve(store)`, which gives a port; `capture(store, reports)`, which gives the documents' ids;
 * `open(mode, store, ids)`, which gives a device with `sync(url, say)`, `documents()` in the order of the ids, `close()`.
 */
export async function play(engine) {
  const [role, ...words] = process.argv.slice(2);
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
  if (role === 'server') {
    process.stdin.on('end', () => process.exit(0)).resume();
    say('ready', { port: await engine.serve(words[0]) });
  } else if (role === 'capture') {
    const [store, work, ids] = words;
    writeFileSync(ids, JSON.stringify(await engine.capture(store, read(work))));
    process.exit(0);
  } else {
    const [mode, store, work, ids] = words;
    const device = await engine.open(mode, store, read(ids));
    const lines = createInterface({ input: process.stdin });
    lines.on('close', () => process.exit(1));
    say('ready');
    for await (const line of lines) {
      if (line.startsWith('go ')) {
        await device.sync(line.slice(3), say);
        say('done');
      } else {
        const documents = await device.documents();
        const same = read(work).filter((report, index) => isSame(documents[index], engine.content(report)));
        await device.close();
        process.stdout.write(`${JSON.stringify({ event: 'ended', documents: same.length })}\n`, () => process.exit(0));
      }
    }
  }
}

/** What a document holds where its id is the engine's own. */
export function withoutId(report) {
  const content = { ...report };
  delete content.id;
  return content;
}

/** Waits so long: only where an engine tells nothing to wait for. */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
