'use strict';
// Preloaded into a process (node --require): counts the operations that change something below a folder, and kills the process without a
// chance to tidy up in front of the one that it was given, or in the middle of it where it has one.
//   KILL_WHO   `engine`: the engine process that the command line starts; `cli`: the command line; `both`: the engine, and its parent before it
//   KILL_IN    the folder
//   KILL_AT    number of the operation, from 1; 0 kills nothing
//   KILL_LOG   file that gets a line for each operation, written in front of it
const childProcess = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { KILL_WHO, KILL_IN, KILL_AT, KILL_LOG } = process.env;
const isEngine = typeof process.send === 'function';
const at = Number(KILL_AT);
let count = 0;
const log = fs.openSync(KILL_LOG, 'a');
const { writeSync, unlinkSync, readdirSync, lstatSync, writeFileSync, rmdirSync } = fs;

/** Counts an operation; kills where it is the one. @param middle does the first half of it */
function point(name, files, middle) {
  const inside = files.filter((file) => typeof file === 'string' && path.resolve(file).startsWith(KILL_IN));
  if (inside.length === 0) return;
  for (const half of middle ? [undefined, middle] : [undefined]) {
    count++;
    writeSync(
      log,
      `${count} ${half ? 'half ' : ''}${name} ${inside.map((f) => path.relative(KILL_IN, f)).join(' -> ')}\n`,
    );
    if (count !== at) continue;
    half?.();
    if (KILL_WHO === 'both') process.kill(process.ppid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Removes the first file that it finds below a folder. */
function removeOne(folder) {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!lstatSync(file).isDirectory()) return (unlinkSync(file), true);
    if (removeOne(file)) return true;
  }
  rmdirSync(folder);
  return true;
}

const isFolder = (file) => lstatSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
const halfOf = (content) => {
  const bytes = Buffer.from(content);
  return bytes.subarray(0, bytes.length >> 1);
};

/** Puts a point in front of functions of `fs` or `fs/promises`. */
function watch(target) {
  for (const name of [
    'mkdir',
    'rename',
    'unlink',
    'rmdir',
    'link',
    'symlink',
    'chmod',
    'chown',
    'copyFile',
    'truncate',
  ]) {
    for (const one of [name, `${name}Sync`]) {
      const original = target[one];
      if (typeof original !== 'function') continue;
      const two = ['rename', 'link', 'symlink', 'copyFile'].includes(name);
      target[one] = function (...args) {
        point(one, two ? args.slice(0, 2) : [args[0]]);
        return original.apply(this, args);
      };
    }
  }
  for (const one of ['rm', 'rmSync']) {
    const original = target[one];
    if (typeof original !== 'function') continue;
    target[one] = function (...args) {
      point(one, [args[0]], isFolder(args[0]) ? () => removeOne(args[0]) : undefined);
      return original.apply(this, args);
    };
  }
  for (const one of ['writeFile', 'writeFileSync', 'appendFile', 'appendFileSync']) {
    const original = target[one];
    if (typeof original !== 'function') continue;
    target[one] = function (...args) {
      point(one, [args[0]], () => writeFileSync(args[0], halfOf(args[1])));
      return original.apply(this, args);
    };
  }
}

function watchHandles(target) {
  const original = target.open;
  target.open = async function (file, flags, ...more) {
    if (flags === undefined || flags === 'r' || flags === fs.constants.O_RDONLY) {
      const handle = await original.call(this, file, flags, ...more);
      watched(handle, file, ['sync']);
      return handle;
    }
    point('open', [file]);
    const handle = await original.call(this, file, flags, ...more);
    watched(handle, file, ['writeFile', 'write', 'sync', 'datasync', 'truncate']);
    return handle;
  };
}

function watched(handle, file, names) {
  for (const name of names) {
    const original = handle[name];
    handle[name] = function (...args) {
      const middle = name === 'writeFile' ? () => writeSync(handle.fd, halfOf(args[0])) : undefined;
      point(`handle.${name}`, [file], middle);
      return original.apply(this, args);
    };
  }
}

if ((KILL_WHO === 'cli') !== isEngine) {
  watch(fs);
  watch(fs.promises);
  watchHandles(fs.promises);
}
if (!isEngine && KILL_WHO !== 'cli') {
  // The product keeps NODE_OPTIONS from its engine.
  const { fork } = childProcess;
  childProcess.fork = (entry, args, options) =>
    fork(entry, args, { ...options, execArgv: ['--require', __filename, ...(options.execArgv ?? [])] });
}
