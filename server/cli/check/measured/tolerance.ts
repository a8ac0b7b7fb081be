/** Another engine, or another processor, may put some image on the other side of a boundary. */
export const TOLERANCE_IMAGES = 2;

/** Whether two counts of images are as near as another engine may bring them. */
export const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE_IMAGES;
