import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { readConfig } from '../../../../server/engine/config/read-config';
import { openIdx } from '../../../../server/engine/data/formats/idx/open-idx';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { readReview } from '../../../../server/engine/report/review/read-review';
import { readScan } from '../../../../server/engine/report/json/read-scan';
import { readPattern } from '../../../../server/engine/triggers/png';
import { EXAMPLE_POINTER } from '../../../fixtures/other-files';
import { failureOf, temporaryFolder } from '../../../harness/files';

const FORMATS = path.resolve(__dirname, '../../../fixtures/formats');
const PAGE = '<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n';

describe('files of other kinds, in the place of', () => {
  const folder = temporaryFolder();

  it('data', async () => {
    const cases: [string, string, RegExp][] = [
      ['mnist.npz', 'data.wrongMagic', /not in IDX format: it is a NumPy archive/],
      ['data.h5', 'data.wrongMagic', /it is an HDF5 file/],
      ['images.npy', 'data.wrongMagic', /it is a NumPy array/],
      ['model.pkl', 'data.wrongMagic', /it is a Python pickle/],
      ['pointer', 'data.lfsPointer', /was not fetched/],
      ['page', 'data.wrongMagic', /it is a web page \(HTML\) \(a download that failed\?\)/],
      ['packed.npz.gz', 'data.wrongMagic', /, unpacked, is not in IDX format: it is a NumPy archive/],
    ];
    await folder.write('pointer', EXAMPLE_POINTER.replaceAll('\n', '\r\n'));
    await folder.write('page', PAGE);
    await folder.write('packed.npz.gz', gzipSync(readFileSync(path.join(FORMATS, 'mnist.npz'))));
    for (const [name, code, message] of cases) {
      const made = ['pointer', 'page', 'packed.npz.gz'].includes(name);
      const file = made ? path.join(folder.path, name) : path.join(FORMATS, name);
      assert.match((await failureOf(code, () => openIdx(file, file, 1 / 255, 'test'))).message, message);
    }
  });

  it("a trigger's image", async () => {
    const read = (file: string) => readPattern(file, 1, () => null);
    assert.match(
      (
        await failureOf('trigger.imageFormat', async () =>
          read(await folder.write('x.png', Buffer.from('ffd8ffe000104a464946', 'hex'))),
        )
      ).message,
      /not a PNG: it is a JPEG image/,
    );
    assert.match(
      (await failureOf('trigger.lfsPointer', async () => read(await folder.write('y.png', EXAMPLE_POINTER)))).message,
      /not fetched/,
    );
  });

  it('a config', async () => {
    const config = path.join(folder.path, 'a.fineprune.json');
    copyFileSync(path.join(FORMATS, 'model.h5'), config);
    assert.match(
      (await failureOf('config.otherFormat', () => readConfig(config))).message,
      /^This is a Keras model \(HDF5\), not a defense config\.$/,
    );
    writeFileSync(config, EXAMPLE_POINTER.replaceAll('\n', '\r\n'));
    await failureOf('config.lfsPointer', () => readConfig(config));
    writeFileSync(config, PAGE);
    assert.match((await failureOf('config.otherFormat', () => readConfig(config))).message, /web page/);
    writeFileSync(
      config,
      '{\r\n  // with the line endings of Windows\r\n  "model": "model.json",\r\n  "data": { "train": { "images": "a", "labels": "b" }, "test": { "images": "c", "labels": "d" } }\r\n}\r\n',
    );
    assert.equal((await readConfig(config)).config.model, 'model.json');
  });

  it('reports, scans and decisions', async () => {
    for (const [read, code] of [
      [readReport, 'report'],
      [readScan, 'scan'],
      [readReview, 'review'],
    ] as const) {
      assert.match(
        (await failureOf(`${code}.lfsPointer`, () => read(EXAMPLE_POINTER, 'x'))).message,
        /is a Git LFS pointer, not a/,
      );
      assert.match(
        (await failureOf(`${code}.otherFormat`, () => read(PAGE, 'x'))).message,
        /is a web page \(HTML\), not a/,
      );
    }
    const scan = JSON.stringify({ schemaVersion: 2, model: {}, data: {}, scan: {} });
    assert.match(
      (await failureOf('report.notAReport', () => readReport(scan, 'x'))).message,
      /is the result of a scan for backdoors, not a defense report/,
    );
    const report = readFileSync(
      path.resolve(__dirname, '../../../../examples/mnist-badnets/mnist-badnets.defense.json'),
      'utf8',
    );
    assert.match(
      (await failureOf('scan.notAScan', () => readScan(report, 'x'))).message,
      /is a defense report, not a scan/,
    );
    // With the line endings of Windows it is the same report.
    assert.deepEqual(readReport(report.replaceAll('\n', '\r\n'), 'x'), readReport(report, 'x'));
  });
});
