// The types of skip.mjs, which is plain JavaScript as the checks are.
export const SKIPPED: number;
