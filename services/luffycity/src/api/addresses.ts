import { base_url } from '@/assets/js/settings.js'
import type { PictureSet } from './schemas'

/**
 * The address of a picture: root-relative ones lie at the API's origin.
 *
 * @returns null for none and for any scheme but http(s), so that no answer can smuggle one in
 */
export function mediaUrl(path: string | null, apiRoot: string = base_url): string | null {
  if (!path) return null
  const root = new URL(apiRoot, location.href)
  const url = parse(path, root)
  if (!url || !isWeb(url)) return null
  return url.origin === location.origin ? url.pathname + url.search : url.href
}

/** The same for a picture in several widths, as `srcset` has them; null where there are none. */
export function mediaSet(set: PictureSet, apiRoot: string = base_url): string | null {
  const candidates = set.flatMap(({ url, width }) => {
    const address = mediaUrl(url, apiRoot)
    // A comma or a blank would end the address within the list.
    return address ? [`${address.replaceAll(',', '%2C').replaceAll(' ', '%20')} ${width}w`] : []
  })
  return candidates.join(', ') || null
}

/** A link an editor typed: within this site as a path, elsewhere as an address, null for none. */
export function linkTarget(link: string): { inside: string } | { outside: string } | null {
  if (!link) return null
  const url = parse(link, new URL(location.href))
  if (!url || !isWeb(url)) return null
  if (url.origin === location.origin) return { inside: url.pathname + url.search + url.hash }
  return { outside: url.href }
}

function parse(address: string, base: URL): URL | null {
  return URL.canParse(address, base) ? new URL(address, base) : null
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}
