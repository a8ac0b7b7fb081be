import { backend_util, getKernel, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { runKernel, wasmKernel, type KernelCall } from './support';

/** Fused forms have more inputs and attributes, which pass through. */
interface ConvolutionInputs {
  x: TensorInfo;
  filter: TensorInfo;
}

interface ConvolutionAttrs {
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  strides: [number, number] | number;
  dilations: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Forward convolutions that get SAME padding as explicit numbers. With the word `same` the package gives wrong outputs,
 * without an error, where the stride exceeds the window and the windows cover less than the whole image (2×2 windows
 * with stride 3 on 9 pixels, which asks for -1 pixels of padding).
 * The package's own kernels must be registered when this is called.
 */
export function samePaddingKernels(): KernelConfig[] {
  return [
    explicitly('Conv2D', false),
    explicitly('FusedConv2D', false),
    explicitly('DepthwiseConv2dNative', true),
    explicitly('FusedDepthwiseConv2D', true),
  ];
}

function explicitly(name: string, depthwise: boolean): KernelConfig {
  const stock = getKernel(name, 'wasm');
  const own = wasmKernel(name, ({ inputs, attrs, backend }: KernelCall<ConvolutionInputs, ConvolutionAttrs>) => {
    const pad = attrs.pad === 'same' ? explicitPadding(inputs, attrs, depthwise) : attrs.pad;
    return runKernel(stock, backend, inputs, { ...attrs, pad });
  });
  return { ...stock, ...own };
}

function explicitPadding(
  { x, filter }: ConvolutionInputs,
  attrs: ConvolutionAttrs,
  depthwise: boolean,
): backend_util.ExplicitPadding {
  const {
    padInfo: { top, bottom, left, right },
  } = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    'same',
    attrs.dimRoundingMode,
    depthwise,
  );
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
