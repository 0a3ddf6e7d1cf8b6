// `make peers`: the same reports through other sync engines, beside Suishou, in one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { NAMES, enginesOf } from './engines.mjs';
import { acknowledgement, measure } from './measure.mjs';
import { endAll, hasStrace, stopAll } from './process.mjs';
import { figuresOf, median, tableOf } from './table.mjs';
import { makeReports, sizesOf } from './work.mjs';

const USAGE = `peers: the same reports through other sync engines, beside Suishou

  --only ENGINE     only these, separated by commas: ${NAMES.join(', ')}
  --documents N     so many reports (1000)
  --runs N          so often; the table shows the medians (1)
  --seed N          which reports (1)
  --limit SECONDS   the most time for one run of one engine (180)
  --program FILE    the suishou program, as released
  --bench FILE      the bench program
  --samod FILE      the program made of tests/peers/samod
  --json FILE       where to write the figures`;

class Mistake extends Error {}

function count(options, name, most) {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Mistake(`--${name} takes a whole number from 1 to ${most}`);
  }
  return value;
}

function settings() {
  const text = (otherwise) => ({ type: 'string', ...(otherwise && { default: otherwise }) });
  const options = {
    only: text(), documents: text('1000'), runs: text('1'), seed: text('1'), limit: text('180'),
    program: text(), bench: text(), samod: text(), json: text(), help: { type: 'boolean', short: 'h' },
  };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new Mistake(error.message);
  }
  if (values.help) return { isHelp: true };
  const chosen = {
    ...values,
    only: values.only?.split(',').map((name) => name.trim()) ?? NAMES,
    documents: count(values, 'documents', 10_000),
    runs: count(values, 'runs', 100),
    seed: count(values, 'seed', 2 ** 32 - 1),
    limit: count(values, 'limit', 3_600),
  };
  for (const name of chosen.only) {
    if (!NAMES.includes(name)) throw new Mistake(`there is no engine "${name}": ${NAMES.join(', ')}`);
    const needed = { suishou: ['program', 'bench'], samod: ['samod'] }[name] ?? [];
    for (const program of needed) if (!values[program]) throw new Mistake(`${name} needs --${program} FILE`);
  }
  return chosen;
}

/** The work, or a failure after so many seconds; what still runs then is ended. */
async function within(seconds, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      endAll();
      reject(new Error(`not done after ${seconds} s`));
    }, seconds * 1e3);
  });
  const working = work();
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
    // Its folder goes only with its end.
    await working.catch(() => {});
  }
}

/** Where strace is missing or may not look, everything else stands. */
async function proofOf(engine, reports, limit, tell) {
  if (!hasStrace()) return { word: 'not measured', why: 'strace is not here' };
  try {
    return await within(limit, () => acknowledgement(engine, reports, tell));
  } catch (error) {
    return { word: 'not measured', why: error.message };
  }
}

async function tryEngine(engine, reports, { runs, limit }) {
  const said = { name: engine.name, version: engine.version };
  const tell = (what) => process.stderr.write(`peers: ${engine.name}: ${what} ...\n`);
  try {
    const results = [];
    for (let number = 0; number < runs; number += 1) {
      results.push(await within(limit, () => measure(engine, reports, tell)));
    }
    return { ...said, ...median(results), acknowledgement: await proofOf(engine, reports, limit, tell) };
  } catch (error) {
    tell(stoppedBy > 0 ? 'stopped;' : `FAILED, ${error.message};`);
    return { ...said, failed: error.message };
  }
}

async function main() {
  const chosen = settings();
  if (chosen.isHelp) {
    console.log(USAGE);
    return 0;
  }
  const reports = makeReports(chosen.documents, chosen.seed);
  const sizes = sizesOf(reports);
  console.log(
    `${chosen.documents} reports of ${sizes.least} to ${sizes.most} bytes of JSON, ${(sizes.total / 1e3).toFixed(0)} KB, ` +
      `${sizes.changes} changes; seed ${chosen.seed}, ${chosen.runs === 1 ? 'one run' : `median of ${chosen.runs} runs`}`,
  );
  const results = [];
  for (const engine of enginesOf(chosen).filter(({ name }) => chosen.only.includes(name))) {
    results.push(await tryEngine(engine, reports, chosen));
    if (stoppedBy > 0) return stoppedBy;
  }
  console.log(tableOf(results));
  console.log(
    'All read the same file of reports; ids are each engine\'s own, photo hashes Suishou\'s own of the same number.\n' +
      'Ratios are against Suishou. tests/peers/README.md says how it is measured and what is fair.',
  );
  const figures = figuresOf(results, chosen.documents);
  const missed = figures.filter((figure) => !figure.holds);
  for (const { name, value, unit, reference } of missed) {
    console.log(`NOT better: ${name}: ${value.toFixed(2)} ${unit}, the peer ${reference?.toFixed(2)}`);
  }
  if (chosen.json) {
    mkdirSync(dirname(chosen.json), { recursive: true });
    writeFileSync(chosen.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
  return results.some((result) => result.name === 'suishou' && result.failed) ? 1 : 0;
}

let stoppedBy = 0;
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  process.on(signal, () => {
    stoppedBy = 128 + number;
    stopAll();
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(`peers: ${error.message}`);
  process.exitCode = 2;
}
