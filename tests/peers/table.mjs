// The table for people and the figures for programs.

const kb = (bytes) => bytes / 1e3;
const round = (value) => (Number.isInteger(value) ? String(value) : shortened(value));
const shortened = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** What is measured of every phase: name, unit, value, how it is shown if not as that number; whether it is judged. */
const MEASURES = [
  { name: 'seconds', unit: 's', of: (phase) => phase.seconds },
  { name: 'KB both ways', unit: 'KB', of: (phase) => kb(phase.up + phase.down), isJudged: true },
  { name: '  KB up / down', show: (phase) => `${round(kb(phase.up))} / ${round(kb(phase.down))}` },
  { name: 'messages both ways', unit: 'messages', of: (phase) => phase.messagesUp + phase.messagesDown, isJudged: true },
  { name: '  up / down', show: (phase) => `${phase.messagesUp} / ${phase.messagesDown}` },
  { name: 'server CPU, ms', unit: 'ms', of: (phase) => phase.serverCpu, isJudged: true },
  { name: 'device CPU, ms', unit: 'ms', of: (phase) => phase.clientCpu, isJudged: true },
];

const PHASES = { push: 'push to an empty server', pull: 'pull by an empty device', again: 'connect again, nothing new' };

/** Every row: what it is called, its value in a result, how it is shown. */
function rows() {
  const found = [];
  for (const [key, title] of Object.entries(PHASES)) {
    found.push({ title });
    for (const measure of MEASURES) {
      const { of, show } = measure;
      found.push({
        ...measure,
        phase: key,
        of: of && ((result) => of(result[key])),
        show: show && ((result) => show(result[key])),
      });
    }
  }
  return [
    ...found,
    { title: 'the server' },
    { name: 'peak memory, MB', unit: 'MB', of: (result) => result.peak / 1e6, isJudged: true },
    { name: 'disk after the push, KB', unit: 'KB', of: (result) => kb(result.disk.bytes), isJudged: true },
    { name: 'disk after it has stopped, KB', unit: 'KB', of: (result) => kb(result.stopped.bytes), isJudged: true },
    { name: '  blocks with those of folders, KB', unit: 'KB', of: (result) => kb(result.stopped.blocks), isJudged: true },
    { name: '  files', show: (result) => String(result.stopped.files) },
    { title: 'the acknowledgement' },
    { name: 'is sent', show: (result) => result.acknowledgement.word },
    { name: 'the device knows, s', unit: 's', of: (result) => result.push.acknowledged ?? Number.NaN },
  ];
}

const width = (text) => [...text].length;
const left = (text, size) => text + ' '.repeat(Math.max(0, size - width(text)));
const right = (text, size) => ' '.repeat(Math.max(0, size - width(text))) + text;

function cell(row, result, base) {
  if (result.failed) return row.name ? '-' : '';
  if (!row.name) return '';
  if (row.show) return row.show(result);
  const value = row.of(result);
  if (Number.isNaN(value)) return '-';
  const reference = base && !base.failed && base !== result ? row.of(base) : 0;
  return reference > 0 ? `${round(value)} (${round(value / reference)}x)` : round(value);
}

/** One column for each engine; ratios are against Suishou. */
export function tableOf(results) {
  const base = results.find((result) => result.name === 'suishou');
  const body = rows().map((row) => [row.title ?? `  ${row.name}`, ...results.map((result) => cell(row, result, base))]);
  const lines = [['', ...results.map((result) => result.name)], ['', ...results.map((result) => result.version)], ...body];
  const sizes = lines[0].map((_, column) => Math.max(...lines.map((line) => width(line[column]))));
  const padded = (text, at) => (at === 0 ? left(text, sizes[at]) : right(text, sizes[at]));
  const shown = lines.map((line) => line.map(padded).join('   '));
  const rule = '-'.repeat(width(shown[0]));
  const notes = results.flatMap((result) => {
    if (result.failed) return [`${result.name} FAILED: ${result.failed}`];
    return [`${result.name}: acknowledged ${result.acknowledgement.word}: ${result.acknowledgement.why}`];
  });
  return [rule, ...shown.slice(0, 2), rule, ...shown.slice(2), rule, ...notes].map((line) => line.trimEnd()).join('\n');
}

/** As `make bench` writes them: Suishou's value, a peer's as the reference, at most the same as the goal. */
export function figuresOf(results, documents) {
  const base = results.find((result) => result.name === 'suishou' && !result.failed);
  if (!base) return [];
  const peers = results.filter((result) => result !== base && !result.failed);
  const figures = rows()
    .filter((row) => row.isJudged)
    .flatMap((row) =>
      peers.map((peer) => {
        const [value, reference] = [row.of(base), row.of(peer)];
        const what = row.phase ? `${PHASES[row.phase]}, ${documents} reports` : `the server, ${documents} reports`;
        const name = `${what}: ${row.name.trim()}, beside ${peer.name}`;
        return { name, value, unit: row.unit, reference, goal: 1, holds: value <= reference };
      }),
    );
  if (base.acknowledgement.word === 'not measured') return figures;
  const value = base.acknowledgement.word === 'after fsync' ? 0 : 1;
  const name = 'acknowledgements before what they acknowledge was synced to disk';
  return [...figures, { name, value, unit: 'acknowledgements', reference: null, goal: 0, holds: value === 0 }];
}

/** Of several runs each number's median; what is no number is the last run's. */
export function median(runs) {
  const [first] = runs;
  if (typeof first === 'number') return [...runs].sort((one, other) => one - other)[Math.floor(runs.length / 2)];
  if (first === null || typeof first !== 'object' || Array.isArray(first)) return runs.at(-1);
  return Object.fromEntries(Object.keys(first).map((key) => [key, median(runs.map((run) => run[key]))]));
}
