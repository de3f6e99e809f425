import { onScopeDispose, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'

interface PageHead {
  /** Null while it is not known: what the server wrote for this address stays, if it wrote any. */
  title: string | null
  description?: string
  /** False keeps the page out of search engines. */
  indexed?: boolean
}

/** The address whose head the server wrote (nginx/page_head.js), with tags that this app never sets. */
const served = location.pathname
const SERVED_TAGS =
  'link[rel="canonical"],meta[property^="og:"],meta[name^="twitter:"],script[type="application/ld+json"]'

/** Keeps the document's title, description and robots tag equal to what `head` says. */
export function usePageHead(head: () => PageHead): void {
  const { t } = useI18n()
  const isServed = location.pathname === served
  if (!isServed) document.head.querySelectorAll(SERVED_TAGS).forEach((tag) => tag.remove())
  watchEffect(() => {
    const { title, description, indexed = true } = head()
    if (title === null && isServed) return
    const name = title === null ? t('loading') : title
    document.title = name ? `${name} · ${t('site.name')}` : t('site.title')
    meta('description').content = description || t('site.description')
    if (indexed) document.head.querySelector('meta[name="robots"]')?.remove()
    else meta('robots').content = 'noindex'
  })
  onScopeDispose(() => document.head.querySelector('meta[name="robots"]')?.remove())
}

function meta(name: string): HTMLMetaElement {
  const found = document.head.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)
  if (found) return found
  const made = document.createElement('meta')
  made.name = name
  document.head.append(made)
  return made
}
