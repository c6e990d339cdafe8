// What a `Set` of ids holds and costs to ask: `node --expose-gc members.mjs COUNT LENGTH` prints, as the bench does, bytes
// held per member (twice 0: no counting allocator), resident and peak resident; ns per member, per one of 2,000 members and
// per other; ms to read.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [count, length] = process.argv.slice(2).map(Number);

// Characters of one byte each, spread like the bench's ids.
function id(number) {
  const hex = createHash('md5').update(String(number)).digest('hex');
  const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  return length === 36 ? text : hex.slice(0, length);
}

function shuffled(from, to) {
  const ids = [];
  for (let number = from; number < to; number += 1) ids.push(id(number));
  for (let place = ids.length - 1; place > 0; place -= 1) {
    const other = Math.floor(Math.random() * (place + 1));
    [ids[place], ids[other]] = [ids[other], ids[place]];
  }
  return ids;
}

// Texts made anew, as those of a request are: without the hash that those in the set have kept. Some at a time, so that
// they and not the set are in the caches.
function ask(set, json, expected) {
  const passes = [];
  for (let pass = 0; pass < 5; pass += 1) {
    let ns = 0n;
    let asked = 0;
    for (const part of json) {
      const ids = JSON.parse(part);
      const started = process.hrtime.bigint();
      let found = 0;
      for (const each of ids) if (set.has(each)) found += 1;
      asked += ids.length;
      ns += process.hrtime.bigint() - started;
      if (found !== (expected ? ids.length : 0)) throw new Error('a wrong answer');
    }
    passes.push(Number(ns) / asked);
  }
  return passes.sort((a, b) => a - b)[2];
}

function parts(ids) {
  const texts = [];
  for (let place = 0; place < ids.length; place += 1000) texts.push(JSON.stringify(ids.slice(place, place + 1000)));
  return texts;
}

function resident() {
  global.gc();
  const status = readFileSync('/proc/self/status', 'utf8');
  return ['VmHWM', 'VmRSS'].map((name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) * 1024);
}

const width = length + 3;
const head = '{"cohortId":"c1","memberIds":[';
const json = Buffer.alloc(head.length + count * width + 2, ' ');
json.write(head);
for (let number = 0; number < count; number += 1) {
  json.write(`${number === 0 ? ' ' : ','}"${id(number)}"`, head.length + number * width, 'latin1');
}
json.write(']}', head.length + count * width);
const [, before] = resident();
const started = process.hrtime.bigint();
const set = new Set(JSON.parse(json.toString('latin1')).memberIds);
const ms = Number(process.hrtime.bigint() - started) / 1e6;
const [highest, now] = resident();
const members = ask(set, parts(shuffled(0, count)), true);
const few = ask(set, parts(shuffled(0, 2000)), true);
const others = ask(set, parts(shuffled(count, 2 * count)), false);
console.log(0, 0, (now - before) / count, (highest - before) / count, members, few, others, ms);
