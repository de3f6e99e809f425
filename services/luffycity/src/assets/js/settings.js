// @ts-check
// The one place that knows where the API is. Nothing is compiled in: the address comes from
// /settings.js, which the container writes from BASE_URL when it starts.

const SAME_ORIGIN = '/api/v1/'

/**
 * The API's root, with a slash at its end: a path on this origin or an http(s) address.
 *
 * @param {unknown} given what /settings.js set, `undefined` where it set nothing
 * @returns {string}
 * @throws {Error} when the value is there and is neither of the two
 */
export function readBaseUrl(given) {
  if (given === undefined || given === '') return SAME_ORIGIN
  if (typeof given !== 'string' || !/^(https?:\/\/[^/]|\/(?!\/))/.test(given)) {
    throw new Error(
      `/settings.js: base_url: expected a path or an http(s) address, found ${JSON.stringify(given)}; `
        + 'set BASE_URL of this container and start it again',
    )
  }
  return given.endsWith('/') ? given : `${given}/`
}

/** @type {{luffySettings?: {base_url?: unknown}}} */
const page = globalThis

export const base_url = readBaseUrl(page.luffySettings?.base_url)

export default { base_url }
