// The work that the engines are compared by: reports written offline, made from a seed, the same bytes every time.
//
// 100 to 300 characters of text, 1 to 4 photo hashes, the report itself and 1 to 4 later steps with a remark each:
// for 1,000 reports 3,503 changes.
import { readFileSync } from 'node:fs';

const PHRASES = JSON.parse(readFileSync(new URL('../src/world/phrases.zh-CN.json', import.meta.url), 'utf8'));
const CATEGORIES = Object.keys(PHRASES.categories);
/** Of a report as JSON: what does not fit is rolled again. */
const [LEAST_BYTES, MOST_BYTES] = [907, 2036];
const START = Date.UTC(2026, 0, 5, 0, 0, 0);

/** Mulberry32: small, fast, the same on every machine. */
class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  roll() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  within(low, high) {
    return low + Math.floor(this.roll() * (high - low + 1));
  }

  choose(list) {
    return list[this.within(0, list.length - 1)];
  }

  shuffled(list) {
    const items = [...list];
    for (let index = items.length - 1; index > 0; index -= 1) {
      const other = this.within(0, index);
      [items[index], items[other]] = [items[other], items[index]];
    }
    return items;
  }

  hex(bytes) {
    return Array.from({ length: bytes }, () => this.within(0, 255).toString(16).padStart(2, '0')).join('');
  }
}

/** Rolls each `{low-high}` of a phrase. */
function filled(phrase, dice) {
  return phrase.replace(/\{(\d+)-(\d+)\}/g, (_, low, high) => dice.within(Number(low), Number(high)));
}

function reportText(dice, category) {
  const { seen, detail } = PHRASES.categories[category];
  const wanted = dice.within(100, 300);
  const part = (list) => filled(dice.choose(list), dice);
  let text = `${part(PHRASES.times)}，${part(PHRASES.places)}，${part(PHRASES.people)}，${part(seen)}。`;
  const ask = `${part(PHRASES.asks)}。`;
  const details = dice.shuffled(detail);
  const more = [...details.slice(0, 2), ...dice.shuffled(PHRASES.notes), ...details.slice(2)];
  while (text.length + ask.length < wanted && more.length > 0) {
    text += `${filled(more.shift(), dice)}${dice.roll() < 0.4 ? '，' : '。'}`;
  }
  return (text.replace(/，$/, '。') + ask).slice(0, 300);
}

function remark(dice, step) {
  const { heads, tails } = PHRASES.remarks[step];
  const wanted = dice.within(10, 37);
  let text = dice.choose(heads);
  for (const tail of dice.shuffled(tails).slice(0, 4)) {
    if (text.length >= wanted) break;
    text += `，${filled(tail, dice)}`;
  }
  return `${text}。`;
}

/** How many steps come after the report: 1 to 4 in turn, and three more among the first, so that 1,000 have 2,503. */
function laterSteps(number) {
  return 1 + (number % 4) + (number < 12 && number % 4 === 0 ? 1 : 0);
}

function makeReport(number, dice, start) {
  let now = start + dice.within(20_000, 400_000);
  const stamp = () => new Date(now).toISOString();
  const category = dice.choose(CATEGORIES);
  const reportedAt = stamp();
  const later = laterSteps(number);
  const steps = [{ kind: 'reported', at: reportedAt, by: 'm1' }];
  for (let step = 1; step <= later; step += 1) {
    now += dice.within(60_000, 4_000_000);
    const isLast = step > 1 && step === later && number % 2 === 0;
    const kind = isLast ? 'resolved' : 'handling';
    steps.push({ kind, at: stamp(), by: 'm1', remark: remark(dice, isLast ? 'finish' : 'handle') });
  }
  const report = {
    id: dice.hex(16),
    kind: 'incident',
    category,
    severity: 'normal',
    text: reportText(dice, category),
    reported_at: reportedAt,
    reporter: 'm1',
    place: {
      latitude: (290_000_000 + dice.within(0, 99_999)) / 1e7,
      longitude: (1_196_000_000 + dice.within(0, 99_999)) / 1e7,
      accuracy_m: dice.within(4, 30),
      grid: 'g1',
    },
    photos: Array.from({ length: dice.within(1, 4) }, () => dice.hex(32)),
    steps,
  };
  return { report, end: now };
}

const sizeOf = (report) => Buffer.byteLength(JSON.stringify(report));

export function makeReports(documents, seed) {
  const dice = new Dice(seed);
  const reports = [];
  let now = START;
  while (reports.length < documents) {
    const { report, end } = makeReport(reports.length, dice, now);
    const size = sizeOf(report);
    if (size < LEAST_BYTES || size > MOST_BYTES) continue;
    reports.push(report);
    now = end;
  }
  return reports;
}

/** Sizes for whoever reads the table. */
export function sizesOf(reports) {
  const bytes = reports.map(sizeOf);
  return {
    total: bytes.reduce((sum, size) => sum + size, 0),
    least: Math.min(...bytes),
    most: Math.max(...bytes),
    changes: reports.reduce((sum, report) => sum + report.steps.length, 0),
  };
}
