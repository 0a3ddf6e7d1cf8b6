// Processes of a run: started, listened to, looked at in /proc, and ended by their ids whatever happens.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { wallNow } from './wire.mjs';

const running = new Set();
/** The kernel ends a child whose parent is gone, even if that was killed. */
const TIED = spawnSync('setpriv', ['--version']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
const KEPT_STDERR = 2_000;
const STOPPING_MS = 10_000;

let isStopped = false;

/** Ends everything that was started and still runs. */
export function endAll() {
  for (const child of running) child.end();
}

/** Ends everything, and nothing is started any more. */
export function stopAll() {
  isStopped = true;
  endAll();
}

/** A program that says what happens in lines of JSON. */
export class Child {
  constructor(command, { env = {}, tracedTo = null } = {}) {
    if (isStopped) throw new Error('stopped');
    const tied = [...TIED, ...command];
    const [program, ...words] = tracedTo ? [...TIED, ...straceTo(tracedTo), ...tied] : tied;
    this.isTraced = tracedTo !== null;
    this.process = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this);
    this.events = new Map();
    this.waiting = new Map();
    this.stderr = '';
    this.process.stdin.on('error', () => {});
    this.process.stderr.on('data', (piece) => {
      this.stderr = (this.stderr + piece).slice(-KEPT_STDERR);
    });
    this.over = new Promise((resolve) => {
      const end = (code, signal) => {
        running.delete(this);
        this.how = signal ?? code;
        for (const { reject } of this.waiting.values()) reject(this.failure());
        resolve(this.how);
      };
      this.process.on('error', (error) => {
        this.stderr += error.message;
        end(-1);
      });
      this.process.on('close', end);
    });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.hear(line));
  }

  hear(line) {
    let said;
    try {
      said = JSON.parse(line);
    } catch {
      return;
    }
    const event = { ...said, at: wallNow(), cpu: this.cpu() };
    this.events.set(said.event, event);
    this.waiting.get(said.event)?.resolve(event);
  }

  failure() {
    const last = this.stderr.trim().split('\n').filter((line) => /error|panic|fail|unavailable/i.test(line)).pop();
    return new Error(`ended with ${this.how}${last ? `: ${last.trim().slice(0, 200)}` : ''}`);
  }

  /** The event once it has been said. */
  wait(event) {
    if (this.events.has(event)) return Promise.resolve(this.events.get(event));
    if (this.how !== undefined) return Promise.reject(this.failure());
    return new Promise((resolve, reject) => this.waiting.set(event, { resolve, reject }));
  }

  tell(line) {
    this.process.stdin.write(`${line}\n`);
  }

  /** The process that does the work: under strace its child. */
  get pid() {
    const own = this.process.pid;
    if (!this.isTraced || own === undefined) return own;
    const children = fileOr(`/proc/${own}/task/${own}/children`, '').trim().split(' ').filter(Boolean);
    return children.length > 0 ? Number(children[0]) : own;
  }

  /** CPU so far in ms, of all threads; the kernel counts in ticks of 10 ms. */
  cpu() {
    const stat = fileOr(`/proc/${this.pid}/stat`, '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
  }

  /** Bytes that it has given to the disk so far: who waits for the disk uses no CPU. */
  written() {
    return Number(/^write_bytes: (\d+)/m.exec(fileOr(`/proc/${this.pid}/io`, ''))?.[1] ?? 0);
  }

  /** The most memory that it has had, in bytes. */
  peak() {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(fileOr(`/proc/${this.pid}/status`, ''))?.[1] ?? 0);
  }

  /** Asks it to end in good order, and waits a while for that. */
  async stop() {
    process.kill(this.pid, 'SIGTERM');
    const late = new Promise((resolve) => setTimeout(resolve, STOPPING_MS).unref());
    await Promise.race([this.over, late]);
    this.end();
    await this.over;
  }

  /** Ends it at once; what it was to keep is on the disk by then, or never will be. */
  end() {
    if (this.how !== undefined || this.process.pid === undefined) return;
    for (const pid of new Set([this.pid, this.process.pid])) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** Runs a command to its end; gives what it printed. */
export async function run(command, options) {
  const child = new Child(command, options);
  let said = '';
  child.process.stdout.on('data', (piece) => {
    said += piece;
  });
  if ((await child.over) !== 0) throw child.failure();
  return said;
}

/**
 * Making a folder takes a while under strace: stores of a file for each change then show whether their engine waits for
 * them, or was only lucky. Nothing but a store makes folders.
 */
const straceTo = (file) => [
  'strace', '--follow-forks', '--seccomp-bpf', '--decode-fds=path', '--absolute-timestamps=format:unix,precision:us',
  '--syscall-times=us', '--string-limit=0', '--output', file, '--trace',
  'fsync,fdatasync,sync_file_range,msync,sync,syncfs,write,pwrite64,writev,pwritev,pwritev2,openat,open,creat',
  '--inject', 'mkdir,mkdirat:delay_enter=50000',
];

export const hasStrace = () => spawnSync('strace', ['-V']).status === 0;

/** What lies in a folder: bytes as written, bytes of blocks, files. */
export function diskOf(folder) {
  const sum = { bytes: 0, blocks: 0, files: 0 };
  if (!existsSync(folder)) return sum;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path);
    sum.blocks += found.blocks * 512;
    if (found.isDirectory()) {
      const inside = diskOf(path);
      for (const key of Object.keys(sum)) sum[key] += inside[key];
    } else {
      sum.bytes += found.size;
      sum.files += 1;
    }
  }
  return sum;
}

function fileOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
