import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { isDay } from '../../../server/protocol/day';

const SOURCE = path.resolve(__dirname, '../../../server/protocol/day.ts');

/** `today` at a moment, in a process of that time zone. */
const todayIn = (zone: string, moment: string): string =>
  execFileSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `console.log(require(${JSON.stringify(SOURCE)}).today(new Date(${JSON.stringify(moment)})))`,
    ],
    {
      cwd: path.dirname(SOURCE),
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
    },
  ).trim();

describe('days of the calendar', function () {
  this.timeout(30_000);

  it('takes the date where the machine is, not that of UTC', () => {
    assert.equal(todayIn('Pacific/Kiritimati', '2026-02-28T10:30:00Z'), '2026-03-01', 'UTC+14');
    assert.equal(todayIn('Pacific/Pago_Pago', '2026-03-01T10:30:00Z'), '2026-02-28', 'UTC-11');
    assert.equal(todayIn('UTC', '2026-12-31T23:59:59Z'), '2026-12-31');
  });

  it('knows a day from what only looks like one', () => {
    const days = [
      '2026-02-28',
      '2024-02-29',
      '2026-02-29',
      '2026-02-30',
      '2026-13-01',
      '2026-00-10',
      '26-02-01',
      '2026-2-1',
      '2026-02-28 ',
      'today',
      '',
    ];
    assert.deepEqual(days.filter(isDay), ['2026-02-28', '2024-02-29']);
  });
});
