import { splits, type FaultyField, givesOneEntry } from './support';

describe('a field of a config that breaks a rule', () => {
  const faults: FaultyField[] = [
    [
      'units and a ratio',
      { prune: { ratio: 0.2, units: [3] } },
      'config.conflict',
      '/prune/units',
      /`prune\.ratio` and `prune\.units` both say what to prune/,
    ],
    ['an empty list', { data: { ...splits, mean: [] } }, 'config.wrongValue', '/data/mean', /empty list/],
    [
      'a standard deviation of 0',
      { data: { ...splits, std: [1, 0, 1] } },
      'config.outOfRange',
      '/data/std/1',
      /above 0, not 0/,
    ],
    [
      'a size of no pixels',
      { trigger: { kind: 'patch', target: 0, size: [3, 0] } },
      'config.outOfRange',
      '/trigger/size/1',
      /at least 1, not 0/,
    ],
    [
      'a value above 1',
      { trigger: { kind: 'patch', target: 0, value: 255 } },
      'config.outOfRange',
      '/trigger/value',
      /from 0 to 1, not 255/,
    ],
    [
      'right and left',
      { trigger: { kind: 'patch', target: 0, right: 1, left: 1 } },
      'config.conflict',
      '/trigger/left',
      /can't be used together/,
    ],
    [
      'bottom and top',
      { trigger: { kind: 'patch', target: 0, top: 0, bottom: 0 } },
      'config.conflict',
      '/trigger/top',
      /can't be used together/,
    ],
    [
      'an image and a value',
      { trigger: { kind: 'patch', target: 0, image: 'p.png', value: 1 } },
      'config.conflict',
      '/trigger/value',
      /can't be used together/,
    ],
    [
      'an image and a noise seed',
      { trigger: { kind: 'blended', target: 0, image: 'p.png', patternSeed: 1 } },
      'config.conflict',
      '/trigger/patternSeed',
      /can't be used together/,
    ],
    [
      'analysis of images that are not held out',
      { data: { ...splits, analysis: 'holdout', holdout: 0 } },
      'config.conflict',
      '/data/holdout',
      /no image is held out/,
    ],
    [
      'units ordered by triggered images that cannot be stamped',
      { prune: { rule: 'triggered-difference' }, trigger: { kind: 'samples', target: 0, images: 'a', labels: 'b' } },
      'config.conflict',
      '/prune/rule',
      /can't be stamped/,
    ],
    [
      'a choice on images that are not held out',
      { data: { ...splits, holdout: 0 }, prune: { ratio: 'auto' } },
      'config.conflict',
      '/data/holdout',
      /held-out/,
    ],
    ['an empty path', { model: '' }, 'config.wrongValue', '/model', /path of a file/],
    [
      'a path with a zero byte',
      { trigger: { kind: 'samples', target: 0, images: 'a\0', labels: 'b' } },
      'config.wrongValue',
      '/trigger/images',
      /path of a file/,
    ],
  ];
  for (const fault of faults) it(`gives one entry: ${fault[0]}`, () => givesOneEntry(fault));
});
