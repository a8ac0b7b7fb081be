import { tidy, type KernelConfig, type Tensor4D } from '@tensorflow/tfjs-core';
import { isPointwise } from '../pointwise';
import { subPixelConvolution } from '../sub-pixel';
import { pointwiseInputGradient } from './pointwise';
import { geometryOf, nativeKernel, type ConvolutionAttrs } from './support';

/**
 * Gradient of a convolution by its input. With oneDNN, TensorFlow 2.21 computes it wrongly on some CPUs with AVX-512 wherever the
 * stride is above 1, whatever the window, at 40, 48, 72, 80 or 240 input channels, for example. Forward convolutions of stride 1
 * are right there, so a strided one is undone by these.
 */
export function inputGradientKernel(): KernelConfig {
  return nativeKernel(
    'Conv2DBackpropInput',
    ({
      inputs: { dy, filter },
      attrs,
      backend,
      stock,
    }: Parameters<
      Parameters<
        typeof nativeKernel<{ dy: Tensor4D; filter: Tensor4D }, ConvolutionAttrs & { inputShape: number[] }>
      >[1]
    >[0]) => {
      const geometry = geometryOf(attrs.inputShape, filter.shape, attrs);
      if (!geometry) return stock();
      if (isPointwise(geometry)) return tidy(() => pointwiseInputGradient(dy, filter, geometry, backend));
      const strided = geometry.strideHeight > 1 || geometry.strideWidth > 1;
      // Of other paddings TensorFlow knows no gradient; the package says so.
      return strided && ['SAME', 'VALID'].includes(geometry.padInfo.type)
        ? tidy(() => subPixelConvolution(dy, filter, geometry))
        : stock();
    },
  );
}
