// What the server tells a page to start with.

/**
 * @typedef {object} Boot
 * @property {"zh"|"en"} lang
 * @property {string} page
 * @property {string} root The sub-path of the service: empty, or such as `/wangge`.
 * @property {string} words Address of the words of this language.
 * @property {string} icons Address of the sprite of icons.
 * @property {string} zone Time zone of the district.
 * @property {boolean} signedIn
 * @property {{idleSeconds: number, endsAt: string}|null} session When it ends unused, and in any case.
 * @property {string|null} csrf Token that every write carries.
 * @property {{number: number, effective_from: string, synthetic: boolean}|null} edition The one in force.
 * @property {{code: string, name: string}[]} districts
 * @property {{url: string, attribution: string}|null} [basemap]
 * @property {{accept: string, formats: string}} [files] Which files of boundaries are read: extensions, and in words.
 * @property {string} [next] Where to go after signing in.
 * @property {boolean} [acts] Whether the person acts on every incident that they see.
 * @property {boolean} [mayEdit] Whether the person may open drafts.
 * @property {boolean} [changing]
 * @property {string} [openapi]
 */

/** @type {Boot} */
export const boot = JSON.parse(document.getElementById("boot").textContent);

/**
 * The address of a page or an answer of ours, below the sub-path of the service.
 * @param {string} path From the root of the service, such as `/signin`.
 */
export const at = (path) => boot.root + path;
