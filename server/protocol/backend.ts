import * as v from 'valibot';

/** An engine that computes. */
export const BackendName = v.picklist(['native', 'wasm']);
export type BackendName = v.InferOutput<typeof BackendName>;

/** As it is asked for: `auto` takes the native one where it is. */
export const BackendChoice = v.picklist(['auto', 'native', 'wasm']);
export type BackendChoice = v.InferOutput<typeof BackendChoice>;
