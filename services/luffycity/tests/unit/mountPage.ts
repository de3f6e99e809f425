import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import App from '@/App.vue'
import { guardPages } from '@/guards'
import { i18n } from '@/i18n'
import { routes } from '@/routes'
import { useSessionStore } from '@/stores/session'

/** The whole app as a visitor has it who opens `path`, once its first requests are answered. */
export async function mountPage(path: string) {
  const pinia = createPinia()
  setActivePinia(pinia)
  void useSessionStore().restore()
  const router = createRouter({ history: createMemoryHistory(), routes })
  guardPages(router)
  await router.push(path)
  const wrapper = mount(App, { attachTo: document.body, global: { plugins: [pinia, i18n, router] } })
  await turn()
  await settled()
  return { wrapper, router }
}

export type Page = Awaited<ReturnType<typeof mountPage>>

/** The page is made a turn after what stands around it. */
async function turn(): Promise<void> {
  if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(0)
  else await new Promise((resolve) => setTimeout(resolve))
}

/** Waits for answers, for what a page loads later, and for the answers that this waits for. */
export async function settled(): Promise<void> {
  await flushPromises()
  await vi.dynamicImportSettled()
  await flushPromises()
}

/** Waits until the visitor is at `address`: most pages are loaded when they are first opened. */
export async function arrived({ router }: Page, address: string): Promise<void> {
  await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe(address), 5_000)
  await settled()
}

/** Waits until the page says `words`: a notice's frame is loaded with the first one, rows come by turns. */
export async function says(words: string): Promise<void> {
  await vi.waitFor(() => expect(document.body.textContent).toContain(words), 5_000)
}
