// One engine's run: capture offline, push to an empty server, pull by an empty device, connect again with nothing new.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { durability } from './durable.mjs';
import { Child, diskOf } from './process.mjs';
import { pause } from './role.mjs';
import { countingProxy, wallNow } from './wire.mjs';

/** An engine is at rest when so long no data has passed, and it has used next to no CPU and written next to nothing. */
const REST_MS = 3_000;
const REST_CPU_MS = 120;
const REST_BYTES = 65_536;
const LOOK_MS = 100;
/** So few reports tell as well whether an acknowledgement is durable, and strace is slow. */
const TRACED_REPORTS = 20;

async function untilRest(proxy, children) {
  const looks = [];
  const sum = (of) => children.reduce((total, child) => total + of(child), 0);
  for (;;) {
    const now = wallNow();
    looks.push({ now, cpu: sum((child) => child.cpu()), written: sum((child) => child.written()) });
    while (looks.length > 1 && looks[1].now <= now - REST_MS) looks.shift();
    const [first, last] = [looks[0], looks.at(-1)];
    const isLong = now - Math.max(first.now, proxy.counts.lastData) >= REST_MS;
    const isIdle = last.cpu - first.cpu <= REST_CPU_MS && last.written - first.written <= REST_BYTES;
    if (isLong && isIdle) return;
    await pause(LOOK_MS);
  }
}

/** Lets a device do one thing and counts what it costs; in the end it holds so many of the reports. */
async function phase(engine, mode, { device, server, proxy, files }) {
  const child = new Child(engine.device(mode, device, files));
  await child.wait('ready');
  const before = { ...proxy.snapshot(), server: server.cpu(), client: child.cpu(), at: wallNow() };
  proxy.counts.lastData = before.at;
  child.tell(`go ${engine.scheme}://127.0.0.1:${proxy.port}`);
  const done = await child.wait('done');
  await untilRest(proxy, [server, child]);
  const after = proxy.snapshot();
  const acknowledgedAt = child.events.get('acknowledged')?.at ?? null;
  const cost = {
    seconds: ((mode === 'pull' ? done.at : Math.max(after.lastData, before.at)) - before.at) / 1e3,
    acknowledged: acknowledgedAt && (acknowledgedAt - before.at) / 1e3,
    up: after.up - before.up,
    down: after.down - before.down,
    messagesUp: after.messagesUp - before.messagesUp,
    messagesDown: after.messagesDown - before.messagesDown,
    serverCpu: server.cpu() - before.server,
    clientCpu: child.cpu() - before.client,
    acknowledgedAt,
    passed: proxy.counts.passed.slice(before.passed),
  };
  child.tell('end');
  const { documents } = await child.wait('ended');
  await child.over;
  if (documents !== files.count) throw new Error(`${mode}: ${documents} of ${files.count} reports are there`);
  return cost;
}

/** Server, proxy and a device with captured reports, in a folder that is gone afterwards. */
async function stage(engine, reports, options, act) {
  const folder = mkdtempSync(join(tmpdir(), 'suishou-peers-'));
  const files = { work: join(folder, 'work.json'), ids: join(folder, 'ids.json'), count: reports.length };
  writeFileSync(files.work, JSON.stringify(reports));
  const store = join(folder, 'server');
  let server;
  let proxy;
  try {
    const tracedTo = options.isTraced ? join(folder, 'trace') : null;
    server = await engine.serve(store, { tracedTo, env: { UV_USE_IO_URING: '0' } });
    proxy = await countingProxy(server.port);
    const url = `${engine.scheme}://127.0.0.1:${proxy.port}`;
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await engine.prepare(first, store, url);
    await engine.capture(first, files);
    const on = (device) => ({ device, server: server.child, proxy, files });
    return await act({ first, second, store, url, on, server: server.child, tracedTo });
  } finally {
    server?.child.end();
    await server?.child.over;
    proxy?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything that is measured of an engine. */
export async function measure(engine, reports, tell) {
  return stage(engine, reports, {}, async ({ first, second, store, url, on, server }) => {
    tell('push');
    const push = await phase(engine, 'push', on(first));
    const disk = diskOf(store);
    await engine.prepare(second, store, url);
    tell('pull');
    const pull = await phase(engine, 'pull', on(second));
    tell('again');
    const again = await phase(engine, 'again', on(second));
    const peak = server.peak();
    await server.stop();
    return { push, pull, again, peak, disk, stopped: diskOf(store) };
  });
}

/** How durable the acknowledgement is, in a small push of its own under strace. */
export async function acknowledgement(engine, reports, tell) {
  tell('strace');
  return stage(engine, reports.slice(0, TRACED_REPORTS), { isTraced: true }, async ({ first, store, on, tracedTo }) => {
    const { passed, acknowledgedAt } = await phase(engine, 'push', on(first));
    return durability(tracedTo, store, passed, acknowledgedAt);
  });
}
