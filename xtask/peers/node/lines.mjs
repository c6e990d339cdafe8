// What the peers share: one JSON object per line in, one per line out, in order.
// `{"id":0,"about":true}` answers with the versions, as the drivers do; everything else is
// `{"id":1,"do":"start",…}`, answered by `{"id":1,"result":…}` or `{"id":1,"error":"text"}`.
import { readFileSync } from 'node:fs';

// Standard output holds replies alone; some packages log there.
console.log = console.error;
console.info = console.error;
console.debug = console.error;

export async function serve(name, commands) {
  for await (const line of linesOf(process.stdin.setEncoding('utf8'))) {
    process.stdout.write(`${JSON.stringify(await reply(name, commands, line))}\n`);
  }
  // Clients that were not stopped keep their timers.
  process.exit(0);
}

// The version of a package that stands beside this file, whatever it exports.
function version(name) {
  const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

// Asks until the flag has that variant; an answer that fails is asked for again.
export async function until(evaluate, { flag, key, within }) {
  const end = Date.now() + within;
  for (;;) {
    const variants = await evaluate().catch((error) => ({ error: describe(error) }));
    if (variants[flag]?.key === key) return true;
    if (Date.now() >= end) {
      const found = JSON.stringify(variants[flag] ?? variants.error ?? null);
      throw new Error(`${flag} is not ${key} after ${within} ms, but ${found}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function reply(name, commands, line) {
  let request = null;
  try {
    request = JSON.parse(line);
    return { id: request.id ?? null, result: (await answer(name, commands, request)) ?? null };
  } catch (error) {
    return { id: request?.id ?? null, error: describe(error) };
  }
}

function answer(name, commands, request) {
  if (request.about) return `${name} ${version(name)} on Node ${process.versions.node}`;
  if (!Object.hasOwn(commands, request.do)) throw new Error(`cannot do ${request.do}`);
  return commands[request.do](request);
}

function describe(error) {
  return String(error?.message ?? error);
}

// Split by hand: readline also ends a line at U+2028, which JSON text may hold.
export async function* linesOf(chunks) {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines.filter((line) => line.trim() !== '');
  }
}
