// Runs the official JavaScript engine behind the driver protocol: one JSON object per line in, one per line out.
// `{"id":0,"about":true}`, which is not part of the protocol, answers with the versions.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { linesOf } from './lines.mjs';

const require = createRequire(import.meta.url);
const { EvaluationEngine, topologicalSort } = require('@amplitude/experiment-core');

const engine = new EvaluationEngine();
const sets = new Map();

function evaluate(request) {
  const flags = request.flags ?? sets.get(request.use);
  if (flags === undefined) throw new Error('unknown set of flags');
  const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
  const ordered = topologicalSort(byKey, request.flag_keys ?? undefined);
  return engine.evaluate(request.context, ordered);
}

function about() {
  const manifest = new URL('./node_modules/@amplitude/experiment-core/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return `@amplitude/experiment-core ${version} on Node ${process.versions.node}`;
}

function reply(line) {
  let request = null;
  try {
    request = JSON.parse(line);
    if (request.load !== undefined) {
      sets.set(request.load, request.flags);
      return { load: request.load, ok: true };
    }
    return { id: request.id ?? null, result: request.about ? about() : evaluate(request) };
  } catch (error) {
    const name = request?.load === undefined ? { id: request?.id ?? null } : { load: request.load };
    return { ...name, error: String(error?.message ?? error) };
  }
}

for await (const line of linesOf(process.stdin.setEncoding('utf8'))) {
  process.stdout.write(`${JSON.stringify(reply(line))}\n`);
}
