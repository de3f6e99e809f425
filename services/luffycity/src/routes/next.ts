import type { LocationQuery } from 'vue-router'

/** Where to go on after logging in: a path of this site, the front page for anything else. */
export function nextOf(query: LocationQuery): string {
  const { next } = query
  // A browser takes `//host` and `/\host` for another site's address.
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : '/'
}
