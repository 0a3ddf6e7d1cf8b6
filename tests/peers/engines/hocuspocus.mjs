// Yjs documents through Hocuspocus and its SQLite store, all over one socket.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SQLite } from '@hocuspocus/extension-sqlite';
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { Server } from '@hocuspocus/server';
import WebSocket from 'ws';
import * as Y from 'yjs';
import { play, withoutId } from '../role.mjs';

/** A device's documents: Yjs leaves the store to the app, and in Node there is none of its own. */
const FILE = 'documents.json';

function save(store, ids, documents) {
  mkdirSync(store, { recursive: true });
  const states = documents.map((document) => Buffer.from(Y.encodeStateAsUpdate(document)).toString('base64'));
  writeFileSync(`${store}/${FILE}`, JSON.stringify(Object.fromEntries(ids.map((id, index) => [id, states[index]]))));
}

function load(store, ids) {
  const states = JSON.parse(readFileSync(`${store}/${FILE}`, 'utf8'));
  return ids.map((id) => {
    const document = new Y.Doc();
    Y.applyUpdate(document, Buffer.from(states[id], 'base64'));
    return document;
  });
}

function write(report) {
  const { text, steps, ...rest } = withoutId(report);
  const document = new Y.Doc();
  const map = document.getMap('report');
  document.transact(() => {
    for (const [key, value] of Object.entries(rest)) map.set(key, value);
    map.set('text', new Y.Text(text));
    map.set('steps', Y.Array.from(steps.slice(0, 1)));
  });
  for (const step of steps.slice(1)) document.transact(() => map.get('steps').push([step]));
  return document;
}

await play({
  content: withoutId,

  async serve(store) {
    mkdirSync(store, { recursive: true });
    const server = new Server({
      address: '127.0.0.1',
      port: 0,
      quiet: true,
      // The default of 100 closes a socket that opens more documents, again and again.
      maxPendingDocuments: 1_000_000,
      extensions: [new SQLite({ database: `${store}/hocuspocus.db` })],
    });
    await server.listen();
    return server.address.port;
  },

  async capture(store, reports) {
    save(store, reports.map((report) => report.id), reports.map(write));
    return reports.map((report) => report.id);
  },

  async open(mode, store, ids) {
    const documents = mode === 'pull' ? ids.map(() => new Y.Doc()) : load(store, ids);
    return {
      async sync(url, say) {
        const websocketProvider = new HocuspocusProviderWebsocket({
          url,
          autoConnect: false,
          WebSocketPolyfill: WebSocket,
          messageReconnectTimeout: 600_000,
        });
        const synced = ids.map(
          (name, index) =>
            new Promise((resolve) => {
              const look = () => provider.isSynced && !provider.hasUnsyncedChanges && resolve();
              const provider = new HocuspocusProvider({
                name,
                document: documents[index],
                websocketProvider,
                awareness: null,
                onSynced: look,
                onUnsyncedChanges: look,
              });
              provider.attach();
            }),
        );
        await websocketProvider.connect();
        await Promise.all(synced);
        if (mode === 'push') say('acknowledged');
      },
      documents: () => documents.map((document) => document.getMap('report').toJSON()),
      close: async () => save(store, ids, documents),
    };
  },
});
