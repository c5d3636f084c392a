/** Levels of units from the largest to the smallest, as the server names them. */
export const LEVELS = ["district", "street", "community", "grid"];

/** What a grid lies in, from the largest to the smallest. */
export const ABOVE_GRIDS = LEVELS.slice(0, -1);
