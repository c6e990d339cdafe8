// Measures the official JavaScript engine on the workload: the options and the lines of `cargo xtask bench`.
// The package is found through NODE_PATH, or beside this file.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const require = createRequire(import.meta.url);
const { EvaluationEngine, topologicalSort } = require('@amplitude/experiment-core');
const { version } = require('@amplitude/experiment-core/package.json');

const WARM_UP = 0.3;

const { values: options } = parseArgs({
  options: {
    bench: { type: 'string', default: fileURLToPath(new URL('../../workload', import.meta.url)) },
    workload: { type: 'string', default: 'medium' },
    mode: { type: 'string', default: 'engine' },
    task: { type: 'string', default: 'eval' },
    threads: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3' },
  },
});
const seconds = Number(options.seconds);

function main() {
  if (!['small', 'medium', 'large'].includes(options.workload)) refuse(`no workload ${options.workload}`);
  if (!(seconds > 0)) refuse(`no number of seconds: ${options.seconds}`);
  if (options.task === 'eval') {
    if (options.mode !== 'engine') refuse(`the JavaScript engine is not measured in mode ${options.mode}`);
    if (options.threads !== '1') refuse('the JavaScript engine is measured on one thread');
    evaluation();
  } else if (options.task === 'parse') {
    parsing();
  } else if (options.task === 'memory') {
    memory();
  } else {
    refuse(`the JavaScript engine is not measured in task ${options.task}`);
  }
}

function evaluation() {
  const flags = load(flagBytes());
  const users = readUsers();
  const engine = new EvaluationEngine();
  const sum = checksum(engine, flags, users);

  const perPass = options.workload === 'large' ? 100 : 1000;
  let next = 0;
  const pass = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < perPass; i++) {
      engine.evaluate(users[next].context, flags);
      next = (next + 1) % users.length;
    }
    return Number(process.hrtime.bigint() - start) / perPass;
  };
  repeat(seconds * WARM_UP, pass);
  const cpuBefore = process.cpuUsage();
  const passes = repeat(seconds, pass);
  const cpu = process.cpuUsage(cpuBefore);

  const median = middle(passes);
  print({
    workload: options.workload,
    mode: options.mode,
    threads: 1,
    flags: flags.length,
    ns_per_user: round(median),
    ns_per_flag: round(median / flags.length, 3),
    ns_per_user_min: round(Math.min(...passes)),
    cpu_ns_per_user: round(((cpu.user + cpu.system) * 1000) / (passes.length * perPass)),
    passes: passes.length,
    checksum: sum,
  });
}

function parsing() {
  const bytes = flagBytes();
  let held;
  const once = () => {
    const start = process.hrtime.bigint();
    held = load(bytes);
    return Number(process.hrtime.bigint() - start);
  };
  const first = once();
  repeat(seconds * WARM_UP, once);
  const times = repeat(seconds, once);
  if (held.length === 0) refuse('no flags');
  print({ workload: options.workload, ns: round(middle(times)), ns_min: Math.min(...times), ns_first: first });
}

function memory() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const bytes = flagBytes();
  collect();
  const before = process.memoryUsage();
  const flags = load(bytes);
  const after = process.memoryUsage();
  collect();
  const held = process.memoryUsage().heapUsed - before.heapUsed;
  if (flags.length === 0) refuse('no flags');
  print({ workload: options.workload, what: 'flags', rss_bytes: after.rss - before.rss, held });
}

// From the file's bytes to flags ready to evaluate.
function load(bytes) {
  const flags = JSON.parse(bytes.toString('utf8'));
  return topologicalSort(Object.fromEntries(flags.map((flag) => [flag.key, flag])));
}

function flagBytes() {
  return readFileSync(join(options.bench, `flags-${options.workload}.json`));
}

function readUsers() {
  const lines = readFileSync(join(options.bench, 'users.jsonl'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map((user) => ({ id: user.user_id, context: toContext(user) }));
}

// What selectors read: the user without its groups, and the first group of each type.
function toContext({ groups: names, group_properties: properties, group_cohort_ids: cohorts, ...user }) {
  const groups = {};
  for (const [type, [name]] of Object.entries(names ?? {})) {
    if (!name) continue;
    groups[type] = { group_name: name };
    const ofGroup = properties?.[type]?.[name];
    if (ofGroup && Object.keys(ofGroup).length > 0) groups[type].group_properties = ofGroup;
    const cohortIds = cohorts?.[type]?.[name];
    if (cohortIds?.length > 0) groups[type].cohort_ids = cohortIds;
  }
  return Object.keys(groups).length > 0 ? { user, groups } : { user };
}

// The wrapping sum of FNV-1a over every user's results.
function checksum(engine, flags, users) {
  let sum = 0;
  for (const { id, context } of users) {
    for (const [flagKey, variant] of Object.entries(engine.evaluate(context, flags))) {
      let hash = 0x811c9dc5;
      for (const byte of Buffer.from(`${id}\t${flagKey}\t${variant.key ?? ''}`)) {
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
      sum = (sum + hash) >>> 0;
    }
  }
  return sum.toString(16).padStart(8, '0');
}

// Calls until the time is up, at least once.
function repeat(limit, call) {
  const end = process.hrtime.bigint() + BigInt(Math.round(limit * 1e9));
  const results = [];
  do {
    results.push(call());
  } while (process.hrtime.bigint() < end);
  return results;
}

function middle(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function round(number, digits = 1) {
  return Number(number.toFixed(digits));
}

function print(figures) {
  console.log(JSON.stringify({ engine: 'js', version, task: options.task, ...figures }));
}

function refuse(reason) {
  console.error(`bench: ${reason}`);
  process.exit(2);
}

main();
