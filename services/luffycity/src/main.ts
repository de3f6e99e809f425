import '@/assets/css/tokens.css'
import '@/assets/css/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { START_LOCATION } from 'vue-router'
import { forgetFirstAnswers } from './api/firstAnswers'
import App from './App.vue'
import { guardPages } from './guards'
import { i18n } from './i18n'
import { router } from './router'
import { reloadWhenAssetsAreGone } from './staleAssets'
import { useCrashStore } from './stores/crash'
import { usePreferencesStore } from './stores/preferences'
import { useSessionStore } from './stores/session'

await breath()
guardPages(router)
// The first page is made once what stands around every page is there, and painted.
let beginPages = (): void => undefined
const framed = new Promise<void>((resolve) => (beginPages = resolve))
router.beforeResolve(() => framed)
const app = createApp(App).use(createPinia()).use(i18n).use(router)

const crash = useCrashStore()
app.config.errorHandler = (error) => crash.report(error)
router.onError((error) => crash.report(error))
reloadWhenAssetsAreGone(router)
router.afterEach((_to, from) => {
  if (from !== START_LOCATION) forgetFirstAnswers()
})

// The page need not wait for it: what depends on it does.
void useSessionStore().restore()
await usePreferencesStore().restore()
await breath()
app.mount('#app')
await breath()
beginPages()

/** Lets the browser paint and answer between two long pieces of work. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
