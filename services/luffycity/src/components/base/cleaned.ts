import createPurifier from 'dompurify'
import { linkTarget, mediaUrl } from '@/api/addresses'
import { base_url } from '@/assets/js/settings.js'

const purifier = createPurifier(window)

// Links lead on, pictures come from this site alone: no page asks another host for anything.
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A') cleanLink(node)
  if (node.tagName === 'IMG') cleanPicture(node)
})

function cleanLink(link: Element): void {
  const target = linkTarget(link.getAttribute('href') ?? '')
  if (!target) return link.removeAttribute('href')
  if ('inside' in target) return link.setAttribute('href', target.inside)
  link.setAttribute('href', target.outside)
  link.setAttribute('target', '_blank')
  link.setAttribute('rel', 'noopener noreferrer')
}

function cleanPicture(picture: Element): void {
  const address = mediaUrl(picture.getAttribute('src'))
  const home = [location.origin, new URL(base_url, location.href).origin]
  if (!address || !home.includes(new URL(address, location.href).origin)) return picture.remove()
  picture.setAttribute('src', address)
  picture.setAttribute('loading', 'lazy')
  // One without a description is an ornament.
  if (!picture.hasAttribute('alt')) picture.setAttribute('alt', '')
}

/**
 * HTML of an editor with what is harmless in it alone: text and its structure, links and pictures.
 *
 * Headings begin below the page's own. The API cleans it as well; this is for what it let through.
 */
export function cleaned(html: string): string {
  return purifier.sanitize(html.replace(/<(\/?)h1\b/gi, '<$1h2'), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'select', 'textarea', 'video', 'audio', 'source', 'picture'],
    // The policy refuses styles in attributes; names could be mistaken for the page's own.
    FORBID_ATTR: ['style', 'id', 'name', 'class', 'srcset'],
  })
}
