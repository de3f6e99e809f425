import type { Router } from 'vue-router'

const KEY = 'luffy.reloadedAt'
const ONCE_IN_MS = 10_000

/**
 * Loads the site anew when a part of it is gone, as after a deployment that replaced the files which
 * this tab still refers to. At most once in ten seconds, so that a broken server causes no loop.
 */
export function reloadWhenAssetsAreGone(router: Router): void {
  let target = location.href
  router.beforeEach((to) => {
    target = router.resolve(to.fullPath).href
  })
  addEventListener('vite:preloadError', (event) => {
    if (!mayReload()) return
    event.preventDefault()
    location.assign(target)
  })
}

function mayReload(now: number = Date.now()): boolean {
  try {
    if (now - Number(sessionStorage.getItem(KEY) ?? 0) < ONCE_IN_MS) return false
    sessionStorage.setItem(KEY, String(now))
    return true
  } catch {
    return false // without storage a loop could not be told from a first time
  }
}
