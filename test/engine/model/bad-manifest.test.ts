import type { ModelJson } from './support';
import { refused, SpoiltModels } from './bad-input-support';

describe('models whose weights manifest is bad', function () {
  this.timeout(30_000);
  const models = new SpoiltModels();

  const weight = (json: ModelJson, i: number) => json.weightsManifest![0]!.weights[i]!;
  it('shapes whose product overflows, or that are larger than anything we load', async () => {
    for (const shape of [
      [3, 3, 1, 2 ** 52],
      [2 ** 31, 2 ** 31, 2 ** 31],
      Array.from({ length: 400 }, () => 1000),
      [250_000_001],
    ]) {
      await refused(
        await models.changed((json) => (weight(json, 0).shape = shape)),
        'model.tooLarge',
        /"conv2d_1\/kernel" declares the shape/,
        { place: /weights\/0\/shape$/ },
      );
    }
  });
  it('many tensors that are too large together', async () => {
    await refused(
      await models.changed((json) => {
        for (let i = 0; i < 20; i++)
          json.weightsManifest![0]!.weights.push({ name: `extra/${i}`, shape: [100_000_000], dtype: 'float32' });
      }),
      'model.tooLarge',
      /declared weights need more than/,
    );
  });
  it('negative, fractional or missing sizes', async () => {
    for (const shape of [[-1], [1.5], ['3'], [null], 'x', undefined]) {
      await refused(
        await models.changed((json) => (weight(json, 0).shape = shape as number[])),
        'model.badTopology',
        /expected/,
      );
    }
  });
  it('a shape that does not fit the layer', async () => {
    await refused(
      await models.changed((json) => (weight(json, 0).shape = [3, 3, 2, 16])),
      'model.weightShape',
      /layer "conv2d_1" \(Conv2D\) needs \[3,3,1,32\]/,
    );
  });
  it('a weight that is missing, or listed twice', async () => {
    await refused(
      await models.changed((json) => (weight(json, 0).name = 'other/kernel')),
      'model.missingWeight',
      /no tensor named "conv2d_1\/kernel"/,
    );
    await refused(
      await models.changed((json) => (weight(json, 1).name = 'conv2d_1/kernel')),
      'model.badManifest',
      /twice/,
    );
    await refused(
      await models.changed((json) => delete json.weightsManifest),
      'model.badManifest',
      /no "weightsManifest"/,
    );
  });
  it('quantised weights, float16, text', async () => {
    await refused(
      await models.changed(
        (json) => (weight(json, 0).quantization = { dtype: 'uint8', min: -1, scale: 0.01, original_dtype: 'float32' }),
      ),
      'model.quantised',
      /quantised to uint8: rounding/,
    );
    await refused(
      await models.changed((json) => (weight(json, 0).quantization = { dtype: 'float16', original_dtype: 'float32' })),
      'model.quantised',
      /quantised to float16/,
    );
    await refused(
      await models.changed((json) => (weight(json, 0).dtype = 'string')),
      'model.unsupportedDtype',
      /type string/,
    );
    await refused(
      await models.changed((json) => (weight(json, 0).dtype = 'int32')),
      'model.unsupportedDtype',
      /type int32/,
    );
  });
});
