import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import type { KnownTriggerConfig } from '../../../../server/protocol/config/config';
import { failureOf } from '../../../harness/files';
import { triggerFolder } from './support';

describe('images of triggers', () => {
  const { folder, opened, stamped, png } = triggerFolder();

  const patch = (image = 'patch.png'): KnownTriggerConfig => ({ kind: 'patch', target: 0, image, left: 0, top: 0 });

  const white = () => png('patch.png', 3, 3, new Array<number>(36).fill(255));

  const chunk = (type: string, data: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
  };

  it('are refused when missing, no PNG, cut off, too large or a folder', async () => {
    await failureOf('trigger.imageMissing', () => opened(patch('none.png')));
    await folder.write('text.png', 'this is a text and not a picture, and long enough');
    await failureOf('trigger.imageFormat', () => opened(patch('text.png')));
    const bytes = await readFile(await white());
    await folder.write('patch.png', bytes.subarray(0, bytes.length - 20));
    await failureOf('trigger.imageDamaged', () => opened(patch()));
    await folder.write('patch.png', Buffer.concat([bytes, Buffer.alloc(17 << 20)]));
    await failureOf('trigger.imageTooLarge', () => opened(patch()));
    await failureOf('trigger.imageTooLarge', () => opened(patch('.')));
  });

  it('are refused by their declared size before they are decoded', async () => {
    const bytes = await readFile(await white());
    bytes.writeUInt32BE(0x7fffffff, 16);
    bytes.writeUInt32BE(0x7fffffff, 20);
    await folder.write('patch.png', bytes);
    await failureOf('trigger.imageSize', () => opened(patch()));
  });

  it('are refused when interlaced or with a second header, which the decoder would inflate without a limit', async () => {
    const bytes = await readFile(await white());
    const interlaced = Buffer.from(bytes);
    interlaced[28] = 1;
    await folder.write('patch.png', interlaced);
    await failureOf('trigger.imageInterlaced', () => opened(patch()));
    const second = Buffer.concat([
      bytes.subarray(0, 33),
      chunk('IHDR', interlaced.subarray(16, 29)),
      chunk('IDAT', deflateSync(Buffer.alloc(1 << 20))),
      bytes.subarray(33),
    ]);
    await folder.write('patch.png', second);
    await failureOf('trigger.imageDamaged', () => opened(patch()));
  });

  it('must match the channels: no colour on grayscale, grayscale on RGB is fine, nothing on others', async () => {
    await png('patch.png', 1, 1, [255, 0, 0, 255]);
    await failureOf('trigger.imageChannels', () => opened(patch()));
    await failureOf('trigger.imageChannels', () => opened(patch(), [28, 28, 4]));
    await png('patch.png', 1, 1, [51, 51, 51, 255], 0);
    const fifth = Math.fround(0.2);
    assert.deepEqual(await stamped(patch(), [1, 1, 3], [0, 0, 0]), [fifth, fifth, fifth]);
  });
});
