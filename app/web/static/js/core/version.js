// Versions of what is shown, as answers tag them.

/**
 * The version that an answer carries, as our server said it. A proxy that compresses marks the tags of those answers
 * that it did compress (`W/"3-7"`, `"3-7-gzip"`), so that two answers of one version would seem to differ.
 * @param {string|null} tag
 */
export function versionOf(tag) {
  return (tag ?? "").replace(/^W\//, "").replace(/(?:[-;](?:gzip|br|zstd|deflate))+"$/, '"').replace(/"-[a-z]+$/, '"');
}
