// automerge-repo with the settings of its sync server: files for storage, nothing announced by the server.
import { createServer } from 'node:http';
import { once } from 'node:events';
import * as Automerge from '@automerge/automerge';
import { Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter, WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs';
import { WebSocketServer } from 'ws';
import { pause, play, withoutId } from '../role.mjs';

/** A throttled save may still rewrite a file that `flush` has written; who ends then leaves it empty. */
const SAVES_SETTLE_MS = 3_000;

/** Strings are values but for the text, which people edit together. */
function shaped(value, key) {
  if (typeof value === 'string') return key === 'text' ? value : new Automerge.ImmutableString(value);
  if (Array.isArray(value)) return value.map((item) => shaped(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shaped(inner, name)]));
}

function plain(value) {
  if (value instanceof Automerge.ImmutableString) return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

const repoOf = (store, more = {}) => new Repo({ storage: new NodeFSStorageAdapter(store), ...more });

async function settle(repo) {
  await repo.flush();
  await pause(SAVES_SETTLE_MS);
}

/** Asked too early, `find` says that a document is unavailable: it is asked again. */
async function find(repo, id) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await repo.find(id);
    } catch (error) {
      if (tries === 20) throw error;
      await pause(250);
    }
  }
}

/** The only sign that a device gets: the server's heads of a document are its own. */
function isThere(handle) {
  return new Promise((resolve) => {
    handle.on('remote-heads', ({ heads }) => String(heads) === String(handle.heads()) && resolve());
  });
}

await play({
  content: withoutId,

  async serve(store) {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http });
    repoOf(store, {
      network: [new WebSocketServerAdapter(sockets)],
      peerId: 'storage-server',
      sharePolicy: async () => false,
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return http.address().port;
  },

  async capture(store, reports) {
    const repo = repoOf(store);
    const ids = [];
    for (const report of reports) {
      const { steps, ...rest } = withoutId(report);
      const handle = repo.create(shaped({ ...rest, steps: steps.slice(0, 1) }));
      for (const step of steps.slice(1)) handle.change((document) => document.steps.push(shaped(step)));
      ids.push(handle.documentId);
    }
    await settle(repo);
    return ids;
  },

  async open(mode, store, ids) {
    const repo = repoOf(store);
    let handles = mode === 'pull' ? [] : await Promise.all(ids.map((id) => find(repo, id)));
    return {
      async sync(url, say) {
        const peer = once(repo.networkSubsystem, 'peer');
        const told = Promise.all(handles.map(isThere));
        repo.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(url));
        await peer;
        if (mode === 'pull') handles = await Promise.all(ids.map((id) => find(repo, id)));
        else if (mode === 'push') told.then(() => say('acknowledged'));
      },
      documents: () => handles.map((handle) => plain(handle.doc())),
      close: () => settle(repo),
    };
  },
});
