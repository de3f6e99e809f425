import { onScopeDispose, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'

interface PageHead {
  title: string
  description?: string
  /** False keeps the page out of search engines. */
  indexed?: boolean
}

/** Keeps the document's title, description and robots tag equal to what `head` says. */
export function usePageHead(head: () => PageHead): void {
  const { t } = useI18n()
  watchEffect(() => {
    const { title, description, indexed = true } = head()
    document.title = title ? `${title} · ${t('site.name')}` : t('site.title')
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
