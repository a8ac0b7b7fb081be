import { rate } from '../../../../../server/engine/metrics/rate';
import { masksOf, quietScan } from '../../../../fixtures/scan-result';
import { knownScan, otherPixels, partialScan, unknownScan } from '../../../../fixtures/scan-report';
import { changed, type ScanFault, refusesScan } from '../scan-support';

describe('a scan whose parts contradict each other', () => {
  const faults: ScanFault[] = [
    [
      'a flagged class that its own entry does not know',
      changed((report) => void (report.scan.suspects[0]!.target = 3)),
      'scan.contradiction',
      /suspects/,
    ],
    [
      'a word that its classes do not bear out',
      changed((report) => void (report.scan.word = 'nothing found')),
      'scan.contradiction',
      /nothing found/,
    ],
    [
      'a suspicious class that is passed off as none',
      changed(
        ({ scan }) =>
          void Object.assign(scan, {
            word: 'nothing found',
            suspects: [],
            evidence: [{ ...masksOf(scan), classes: masksOf(scan).classes.map((one) => ({ ...one, flagged: false })) }],
          }),
      ),
      'scan.contradiction',
      /Class 0 is not flagged, but its figures/,
    ],
    [
      'the words of another method in place of the table of masks',
      changed(({ scan }) => {
        const word = 'nothing found' as const;
        const sentence = 'Nothing found.';
        const other = { method: 'other' as const, name: 'looking closely', word, sentence, suspects: [] };
        Object.assign(scan, { word, sentence, suspects: [], evidence: [other] });
      }),
      'scan.contradiction',
      /The method "looking closely" is not one of this version \(neural-cleanse\)/,
    ],
    [
      'a sentence that says something else',
      changed((report) => void (report.scan.sentence = 'This model is clean.')),
      'scan.contradiction',
      /This model is clean/,
    ],
    [
      'a share that its mask does not have',
      changed((report) => void (masksOf(report.scan).classes[4]!.share = 0.2)),
      'scan.contradiction',
      /share/,
    ],
    [
      'an accuracy on other images than those of the scan',
      changed(({ scan }) => void (scan.cleanAccuracy = rate(900, 1000)), knownScan()),
      'scan.contradiction',
      /cleanAccuracy\/of/,
    ],
    [
      'something that was found at guessing',
      changed(({ scan }) => void (scan.cleanAccuracy = rate(228, 1900)), knownScan()),
      'scan.contradiction',
      /hardly better than guessing/,
    ],
    [
      'nothing searched without a reason',
      changed(({ scan }) => void delete scan.cleanAccuracy, unknownScan(null)),
      'scan.contradiction',
      /no clean accuracy says why/,
    ],
    [
      'advice that is not better',
      changed(
        ({ scan }) =>
          void Object.assign(scan.advice!.settings![0]!, {
            after: rate(61, 500),
            comparison: { onlyBefore: 0, onlyAfter: 1, pValue: 1 },
          }),
        unknownScan(),
      ),
      'scan.contradiction',
      /not clearly better/,
    ],
    [
      'advice whose p-value is another',
      changed(({ scan }) => void (scan.advice!.settings![0]!.comparison.pValue = 0.001), unknownScan()),
      'scan.contradiction',
      /pValue/,
    ],
    [
      'advice whose counts are others',
      changed(({ scan }) => void (scan.advice!.settings![0]!.comparison.onlyBefore = 4), unknownScan()),
      'scan.contradiction',
      /comparison/,
    ],
    [
      'options that set something else',
      changed(({ scan }) => void (scan.advice!.settings![0]!.flags = '--mean 0; rm -rf .'), unknownScan()),
      'scan.contradiction',
      /flags/,
    ],
    [
      'an advice in other words',
      changed(
        ({ scan }) => void (scan.advice!.sentence = 'Trust this model.'),
        knownScan(quietScan(), 900, otherPixels(250)),
      ),
      'scan.contradiction',
      /Trust this model/,
    ],
    [
      'a class that is suspicious beside too few others',
      changed(
        ({ scan }) =>
          void Object.assign(scan, {
            word: 'suspicious',
            suspects: [{ target: 5, score: 2, methods: ['neural-cleanse'] }],
          }),
        partialScan([5], [70]),
      ),
      'scan.contradiction',
      /suspects/,
    ],
    [
      'too few classes passed off as nothing found',
      changed(({ scan }) => void (scan.word = 'nothing found'), partialScan([5], [70])),
      'scan.contradiction',
      /not measurable/,
    ],
  ];
  for (const fault of faults) it(`is refused for ${fault[0]}, with the place`, () => refusesScan(fault));
});
