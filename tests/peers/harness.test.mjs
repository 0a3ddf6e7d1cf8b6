// What the figures stand on: counting, the same work from the same seed, and reading what strace wrote.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { durability } from './durable.mjs';
import { figuresOf, median } from './table.mjs';
import { Direction } from './wire.mjs';
import { makeReports, sizesOf } from './work.mjs';

/** Counts a stream that comes in pieces of so many bytes. */
function countIn(size, stream, isUp) {
  const direction = new Direction(isUp);
  for (let at = 0; at < stream.length; at += size) direction.feed(stream.subarray(at, at + size));
  return direction.messages;
}

function frame(opcode, size, isMasked) {
  const bytes = [size >> 16, (size >> 8) & 255, size & 255];
  const length = size < 126 ? [size] : size < 65_536 ? [126, ...bytes.slice(1)] : [127, 0, 0, 0, 0, 0, ...bytes];
  length[0] |= isMasked ? 0x80 : 0;
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), Buffer.alloc(isMasked ? 4 : 0), Buffer.alloc(size, 0x0d)]);
}

test('frames_are_counted_however_the_stream_is_cut', () => {
  const head = Buffer.from('GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n');
  const sizes = [[2, 5], [9, 3], [2, 300], [1, 70_000], [10, 0], [2, 0]];
  const frames = sizes.map(([opcode, size]) => frame(opcode, size, true));
  const stream = Buffer.concat([head, ...frames]);
  for (const size of [1, 2, 3, 7, 63, 64, 65, 1_000, stream.length]) {
    assert.equal(countIn(size, stream, true), 4, `pieces of ${size}`);
  }
});

test('http_messages_are_counted_however_the_stream_is_cut', () => {
  const body = 'HTTP/1.1 200 OK\r\n\r\n';
  const answers = [
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'HTTP/1.1 100 Continue\r\n\r\n',
    `HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n${body}\r\n5\r\nabcde\r\n0\r\n\r\n`,
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n',
    'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
  ];
  const stream = Buffer.from(answers.join(''));
  for (let size = 1; size <= stream.length; size += 1) assert.equal(countIn(size, stream, false), 4, `pieces of ${size}`);
});

test('pings_are_not_data', () => {
  const direction = new Direction(true);
  direction.feed(Buffer.from('GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'));
  assert.equal(direction.feed(frame(9, 3, true)), false);
  assert.equal(direction.feed(frame(2, 3, true)), true);
});

test('a_seed_gives_the_same_work', () => {
  const reports = makeReports(1_000, 1);
  assert.deepEqual(makeReports(1_000, 1), reports);
  assert.notDeepEqual(makeReports(1_000, 2), reports);
  const { least, most, changes } = sizesOf(reports);
  assert.ok(least >= 907 && most <= 2_036, `${least} to ${most} bytes`);
  assert.equal(changes, 3_503);
  for (const { text, photos, steps } of reports) {
    assert.ok(text.length >= 100 && text.length <= 300, text);
    assert.ok(photos.length >= 1 && photos.length <= 4);
    assert.ok(steps.length >= 2 && steps.length <= 5);
  }
  assert.equal(new Set(reports.map((report) => report.id)).size, 1_000);
});

/** What is found in a trace where the push arrived at second 10.0, the answer went out at 11.0. */
function foundIn(lines, acknowledgedAt = 11_001) {
  const folder = mkdtempSync(join(tmpdir(), 'suishou-peers-'));
  const file = join(folder, 'trace');
  const passed = [
    { at: 10_000, isUp: true, bytes: 1_000 },
    { at: 11_000, isUp: false, bytes: 50 },
    { at: 13_000, isUp: false, bytes: 9 },
  ];
  try {
    writeFileSync(file, lines.join('\n'));
    return durability(file, '/store', passed, acknowledgedAt).word;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('only_an_fsync_of_what_was_written_before_the_answer_is_durable', () => {
  const write = '7 10.100000 pwrite64(5</store/db-wal>, ""..., 4096, 0) = 4096 <0.000100>';
  const sync = (at, path = '/store/db-wal') => `7 ${at} fdatasync(5<${path}>) = 0 <0.200000>`;
  assert.equal(foundIn([write, sync('10.200000')]), 'after fsync');
  assert.equal(foundIn([write, sync('10.900000')]), 'after write', 'it ended after the answer');
  assert.equal(foundIn([write, sync('10.200000', '/store/other')]), 'after write', 'another file');
  assert.equal(foundIn([sync('10.050000'), write]), 'after write', 'synced before it was written');
  assert.equal(foundIn([write, sync('9.500000')]), 'after write', 'synced before the push');
  assert.equal(foundIn([write, write.replaceAll('10.1', '12.0')]), 'from memory', 'half of it later');
  assert.equal(foundIn([write.replace('10.1', '12.0')]), 'from memory');
  assert.equal(foundIn([write, sync('10.200000')], null), 'none');
  const cut = [
    '7 10.200000 fsync(5</store/db-wal> <unfinished ...>',
    '8 10.250000 write(1</dev/pts/0>, ""..., 1) = 1 <0.000010>',
    '7 10.400000 <... fsync resumed>) = 0 <0.200000>',
  ];
  assert.equal(foundIn([write, ...cut]), 'after fsync');
  const opened = '7 9.000000 openat(AT_FDCWD</>, "", O_RDWR|O_CREAT|O_DSYNC, 0644) = 5</store/db-wal> <0.000100>';
  assert.equal(foundIn([opened, write]), 'after fsync');
});

test('figures_hold_where_suishou_costs_at_most_as_much', () => {
  const counted = { up: 10, down: 10, messagesUp: 1, messagesDown: 1, serverCpu: 10, clientCpu: 10 };
  const phase = { ...counted, seconds: 1, acknowledged: 1 };
  const disk = { bytes: 10, blocks: 10, files: 1 };
  const one = { push: phase, pull: phase, again: phase, peak: 10, disk, stopped: disk };
  const own = { ...one, name: 'suishou', acknowledgement: { word: 'after fsync' } };
  const smaller = { ...one, name: 'other', push: { ...phase, up: 5 }, acknowledgement: { word: 'none' } };
  const missed = figuresOf([own, smaller, { name: 'broken', failed: 'it' }], 5).filter((figure) => !figure.holds);
  const names = missed.map((figure) => figure.name);
  assert.deepEqual(names, ['push to an empty server, 5 reports: KB both ways, beside other']);
  const runs = [{ value: 3, name: 'a' }, { value: 1, name: 'a' }, { value: 2, name: 'b' }];
  assert.deepEqual(median(runs), { value: 2, name: 'b' });
});
