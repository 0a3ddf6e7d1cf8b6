// The engines: how each one's programs are called. What they do is in `engines/` and `samod/`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { Child, run } from './process.mjs';
import { pause } from './role.mjs';

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const own = (path) => fileURLToPath(new URL(path, import.meta.url));

/** An engine whose one program takes a role, as `role.mjs` has it. */
function peer(name, command, version, scheme = 'ws') {
  return {
    name,
    version,
    scheme,
    async serve(store, options) {
      mkdirSync(store, { recursive: true });
      const child = new Child([...command, 'server', store], options);
      return { child, port: (await child.wait('ready')).port };
    },
    prepare: async () => {},
    capture: (device, { work, ids }) => run([...command, 'capture', device, work, ids]),
    device: (mode, device, { work, ids }) => [...command, 'device', mode, device, work, ids],
  };
}

const script = (name, packages, scheme) =>
  peer(name, [process.execPath, own(`engines/${name}.mjs`)], packages.map((one) => dependencies[one]).join(' / '), scheme);

/** The real relay, and the real core in a process of its own; plain HTTP, as the others speak it. */
function suishou({ program, bench }) {
  const phone = [bench, 'peer'];
  const inRelay = (store, words) => run([program, ...words, '--dir', store]);
  return {
    name: 'suishou',
    version: 'this one',
    scheme: 'http',
    async serve(store, options) {
      await inRelay(store, ['township', 'init', '--name', 'x', '--address', 'https://127.0.0.1:1']);
      const words = ['serve', '--listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0', '--insecure-http-on-loopback'];
      const child = new Child([program, ...words, '--dir', store], options);
      const serving = await this.serving(child, store);
      const members = join(store, '..', 'members.csv');
      writeFileSync(members, 'id,name,role,grids,department,phone\nm1,x,member,,,\n');
      await inRelay(store, ['member', 'import', members]);
      return { child, port: Number(new URL(serving.device).port) };
    },
    /** Where it listens; its commands find it so too. */
    async serving(child, store) {
      for (let tries = 0; tries < 400 && child.how === undefined; tries += 1) {
        try {
          return JSON.parse(readFileSync(join(store, 'serving.json'), 'utf8'));
        } catch {
          await pause(25);
        }
      }
      throw child.failure();
    },
    async prepare(device, store, url) {
      const { api } = JSON.parse(readFileSync(join(store, 'serving.json'), 'utf8'));
      const token = readFileSync(join(store, 'api.token'), 'utf8').trim();
      const answer = await fetch(`http://${api}/api/enrolments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ member: 'm1' }),
      });
      if (!answer.ok) throw new Error(`the relay invites nobody: ${answer.status}`);
      await run([...phone, 'enrol', device, (await answer.json()).invitation, url]);
    },
    capture: (device, { work }) => run([...phone, 'capture', device, work]),
    device: (_mode, device, { work }) => [...phone, 'device', device, work],
  };
}

export const NAMES = ['suishou', 'automerge-repo', 'samod', 'pouchdb', 'hocuspocus'];

/** Every engine by its name. */
export function enginesOf(programs) {
  const samod = /name = "samod"\nversion = "([^"]+)"/.exec(readFileSync(own('samod/Cargo.lock'), 'utf8'))?.[1];
  return [
    suishou(programs),
    script('automerge-repo', ['@automerge/automerge-repo', '@automerge/automerge']),
    peer('samod', [programs.samod], samod),
    script('pouchdb', ['pouchdb', 'express-pouchdb'], 'http'),
    script('hocuspocus', ['@hocuspocus/server', 'yjs']),
  ];
}
