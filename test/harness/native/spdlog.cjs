// @vscode/spdlog is native and the VS Code server is installed without a compiler. This does the same in plain
// JavaScript, so that Output panels show what extensions log. Installed in its place by install.ts.
'use strict';

const { appendFileSync, mkdirSync } = require('node:fs');
const path = require('node:path');

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical', 'off'];
const labels = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  constructor(_type, _name, file) {
    this.file = file;
    this.level = levels.indexOf('info');
    this.formatted = true;
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, ''); // a channel without a line is still a file that VS Code opens
  }
  write(level, message) {
    if (level < this.level) return;
    // As spdlog's pattern "%Y-%m-%d %H:%M:%S.%e [%l] %v", which is the only one that VS Code sets.
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    appendFileSync(this.file, this.formatted ? `${time} [${labels[level]}] ${message}\n` : message);
  }
  getLevel() {
    return this.level;
  }
  setLevel(level) {
    this.level = level;
  }
  setPattern() {
    this.formatted = true;
  }
  clearFormatters() {
    this.formatted = false;
  }
  flush() {}
  drop() {}
}
for (const [level, name] of levels.slice(0, -1).entries()) {
  Logger.prototype[name] = function (message) {
    this.write(level, message);
  };
}

exports.version = 1;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.createRotatingLogger = async (name, file) => new Logger('rotating', name, file);
exports.createAsyncRotatingLogger = async (name, file) => new Logger('rotating_async', name, file);
