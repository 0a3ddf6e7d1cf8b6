// PouchDB on leveldb at both ends, replicated over one kept-alive connection.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { play } from '../role.mjs';

const require = createRequire(import.meta.url);
const PouchDB = require('pouchdb');
const NAME = 'reports';

/**
 * Node's own fetch, which keeps the connection: PouchDB's opens one for every request, and with an agent that keeps it
 * the old node-fetch in it ends in "Premature close" on Node 20.
 */
const keptAlive = (url, { method, headers, body }) => fetch(url, { method, body, headers: new Headers([...headers]) });

function local(store) {
  mkdirSync(store, { recursive: true });
  return new PouchDB(`${store}/${NAME}`);
}

function asDocument(report) {
  const { id, ...rest } = report;
  return { _id: id, ...rest };
}

function content(document) {
  const shown = { ...document };
  delete shown._rev;
  return shown;
}

await play({
  content: asDocument,

  async serve(store) {
    mkdirSync(store, { recursive: true });
    const Stored = PouchDB.defaults({ prefix: `${store}/` });
    const app = require('express-pouchdb')(Stored, { mode: 'minimumForPouchDB' });
    await new Stored(NAME).info();
    const http = createServer({ keepAliveTimeout: 60_000 }, app);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return http.address().port;
  },

  async capture(store, reports) {
    const database = local(store);
    for (const report of reports) {
      let document = asDocument({ ...report, steps: report.steps.slice(0, 1) });
      let { rev } = await database.put(document);
      for (const step of report.steps.slice(1)) {
        document = { ...document, _rev: rev, steps: [...document.steps, step] };
        ({ rev } = await database.put(document));
      }
    }
    await database.close();
    return reports.map((report) => report.id);
  },

  async open(mode, store, ids) {
    const database = local(store);
    await database.info();
    return {
      async sync(url, say) {
        const remote = new PouchDB(`${url.replace('ws:', 'http:')}/${NAME}`, { fetch: keptAlive, skip_setup: true });
        if (mode === 'push') {
          await database.replicate.to(remote);
          say('acknowledged');
        } else {
          await database.replicate.from(remote);
        }
      },
      async documents() {
        const { rows } = await database.allDocs({ keys: ids, include_docs: true });
        return rows.map((row) => content(row.doc));
      },
      close: () => database.close(),
    };
  },
});
