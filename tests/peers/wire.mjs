// A TCP proxy that counts: bytes each way, WebSocket data frames or HTTP messages each way, and when data last passed.
import net from 'node:net';
import { once } from 'node:events';

const CRLF2 = Buffer.from('\r\n\r\n');

/** One direction of a connection: HTTP/1.1 until a head says that WebSocket frames follow. */
export class Direction {
  constructor(isUp) {
    this.isUp = isUp;
    this.start = Buffer.alloc(0);
    this.skip = 0;
    this.state = 'head';
    this.messages = 0;
  }

  /** Counts a piece; says whether anything but WebSocket's own pings and pongs was in it. */
  feed(piece) {
    let isData = false;
    let at = 0;
    while (at < piece.length) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, piece.length - at);
        this.skip -= step;
        at += step;
        isData ||= this.isDataFrame !== false;
        continue;
      }
      if (this.state === 'opaque') return true;
      const before = this.start.length;
      const more = piece.subarray(at, at + 64);
      this.start = Buffer.concat([this.start, more]);
      const taken = this[this.state]();
      at += taken === null ? more.length : taken - before;
      if (taken !== null) this.start = Buffer.alloc(0);
      isData ||= this.isDataFrame !== false;
    }
    return isData;
  }

  /** The bytes of a head that is whole, else null; as are the two below. */
  head() {
    const end = this.start.indexOf(CRLF2);
    if (end < 0) return null;
    const head = this.start.subarray(0, end).toString('latin1').toLowerCase();
    const isContinue = head.startsWith('http/1.1 100');
    if (!isContinue) this.messages += 1;
    if (/\r\nupgrade: websocket/.test(head) && (this.isUp || head.startsWith('http/1.1 101'))) {
      this.state = 'frame';
      this.messages = 0;
    } else if (/\r\ntransfer-encoding: *chunked/.test(head)) {
      this.state = 'chunk';
    } else {
      const bodyless = isContinue || /^http\/1\.1 (204|304)/.test(head);
      this.skip = bodyless ? 0 : Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0);
    }
    return end + CRLF2.length;
  }

  chunk() {
    const end = this.start.indexOf('\r\n');
    if (end < 0) return null;
    const size = Number.parseInt(this.start.subarray(0, end).toString('latin1'), 16);
    if (Number.isNaN(size)) {
      this.state = 'opaque';
      return this.start.length;
    }
    this.skip = size + 2;
    if (size === 0) this.state = 'head';
    return end + 2;
  }

  frame() {
    if (this.start.length < 2) return null;
    const short = this.start[1] & 0x7f;
    const masked = this.start[1] & 0x80 ? 4 : 0;
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + masked;
    if (this.start.length < size) return null;
    this.isDataFrame = (this.start[0] & 0x0f) < 8;
    if (this.isDataFrame) this.messages += 1;
    this.skip = short === 126 ? this.start.readUInt16BE(2) : short === 127 ? Number(this.start.readBigUInt64BE(2)) : short;
    return size;
  }
}

/** Wall clock in milliseconds, with their fractions. */
export const wallNow = () => performance.timeOrigin + performance.now();

/** Listens on a port of its own and passes everything on to `port`. */
export async function countingProxy(port) {
  const counts = { up: 0, down: 0, connections: 0, lastData: wallNow(), passed: [] };
  const directions = [];
  const sockets = new Set();
  const listener = net.createServer({ noDelay: true }, (near) => {
    counts.connections += 1;
    const far = net.connect({ host: '127.0.0.1', port, noDelay: true });
    const pass = (from, to, isUp) => {
      const direction = new Direction(isUp);
      directions.push(direction);
      sockets.add(from);
      from.on('data', (piece) => {
        counts[isUp ? 'up' : 'down'] += piece.length;
        if (direction.feed(piece)) {
          counts.lastData = wallNow();
          counts.passed.push({ at: counts.lastData, isUp, bytes: piece.length });
        }
        if (!to.write(piece)) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
    };
    pass(near, far, true);
    pass(far, near, false);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const messages = (isUp) => directions.reduce((sum, way) => sum + (way.isUp === isUp ? way.messages : 0), 0);
  return {
    port: listener.address().port,
    counts,
    snapshot: () => ({ ...counts, passed: counts.passed.length, messagesUp: messages(true), messagesDown: messages(false) }),
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
