import path from 'node:path';
import { PNG, type ColorType } from 'pngjs';
import type { KnownTriggerConfig } from '../../../../server/protocol/config/config';
import { resolveTrigger } from '../../../../server/engine/config/resolve-config';
import { openTrigger } from '../../../../server/engine/triggers/open-trigger';
import { temporaryFolder } from '../../../harness/files';

type Shape = readonly [number, number, number];
export const MNIST: Shape = [28, 28, 1];

/** A folder for the files of a suite's triggers, and what opens triggers there and stamps them. */
export function triggerFolder() {
  const folder = temporaryFolder();
  const resolve = async (relative: string) => path.join(folder.path, relative);
  const opened = (trigger: KnownTriggerConfig, shape: Shape = MNIST, classes = 10) =>
    openTrigger(resolveTrigger(trigger), shape, classes, resolve, { format: 'idx', scale: 1 / 255 });
  const stamped = async (trigger: KnownTriggerConfig, shape: Shape, pixels: number[]) => {
    const image = Float32Array.from(pixels);
    (await opened(trigger, shape)).stamp(image);
    return Array.from(image);
  };
  /** RGBA in, PNG out. */
  const png = (name: string, width: number, height: number, rgba: number[], colorType: ColorType = 6) => {
    const picture = new PNG({ width, height });
    picture.data = Buffer.from(rgba);
    return folder.write(name, PNG.sync.write(picture, { colorType }));
  };
  return { folder, opened, stamped, png };
}
