// Opens a page in headless Chromium for `cargo xtask conformance --browser`. The page stands on an origin of its own
// and loads the packages as they are installed.
//
//   {"do":"start","browser":"/usr/bin/chromium"}         {"origin":"http://127.0.0.1:…","other_origin":…}
//   {"do":"evaluate","origin":…,"server":{…},"users":[…]}    what the page shows: variants for each user
//   {"do":"stop"}
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { serve } from './lines.mjs';

const NAME = '@amplitude/experiment-js-client';
const FILES = {
  '/': ['page.html', 'text/html'],
  '/experiment.js': [`node_modules/${NAME}/dist/experiment.umd.js`, 'text/javascript'],
  '/analytics.js': ['node_modules/@amplitude/analytics-browser/lib/scripts/amplitude-min.js', 'text/javascript'],
};

const ESCAPES = { lt: '<', gt: '>', nbsp: '\u00a0', amp: '&' };

// How long the browser may take, to start and to show everything.
const PATIENCE = 20_000;

let browser;
let pages;
let loading = [];

async function start({ browser: program }) {
  browser = program;
  pages = createServer(answer).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const { port } = pages.address();
  return { origin: `http://127.0.0.1:${port}`, other_origin: `http://localhost:${port}` };
}

async function answer(request, response) {
  if (request.url === '/shown') return shown(request, response);
  const [file, type] = FILES[new URL(request.url, 'http://page').pathname] ?? [];
  if (file === undefined) return response.writeHead(404).end();
  const body = await readFile(new URL(file, import.meta.url));
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

// The page's image arrives when the page says that it is done: only then is it loaded, and printed.
function shown(request, response) {
  loading.push(response);
  if (request.method !== 'POST') return;
  for (const waiting of loading) waiting.writeHead(204).end();
  loading = [];
}

async function evaluate({ origin, server, users }) {
  const profile = await mkdtemp(join(tmpdir(), 'conformance-browser-'));
  try {
    const page = `${origin}/?ask=${encodeURIComponent(JSON.stringify({ server, users }))}`;
    const quiet = ['--no-first-run', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
    const options = ['--headless', '--no-sandbox', ...quiet, `--user-data-dir=${profile}`];
    const { stdout } = await promisify(execFile)(browser, [...options, '--dump-dom', page], {
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 24,
    });
    return read(stdout);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

function read(dom) {
  const text = /<pre id="shown">([^<]+)<\/pre>/.exec(dom)?.[1];
  if (text === undefined) throw new Error(`the page shows nothing: ${dom.slice(0, 200)}`);
  const shown = JSON.parse(text.replace(/&(lt|gt|nbsp|amp);/g, (_, name) => ESCAPES[name]));
  if (shown.error !== undefined) throw new Error(shown.error);
  return shown.result;
}

async function stop() {
  pages.close();
  pages.closeAllConnections();
}

await serve(NAME, { start, evaluate, stop });
