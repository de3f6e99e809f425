import type { Router } from 'vue-router'
import { nextOf } from '@/routes/next'
import { useSessionStore } from '@/stores/session'

/** Sends guests to log in before a page that is not for them, and who is logged in past that. */
export function guardPages(router: Router): void {
  router.beforeEach(async ({ meta, fullPath, query }) => {
    if (!meta.signedIn && !meta.guests) return
    const session = useSessionStore()
    await session.ready()
    if (meta.guests && session.signedIn) return nextOf(query)
    // Where the API cannot say who is here, the page says that.
    if (meta.signedIn && !session.signedIn && !session.failure) {
      return { name: 'login', query: { next: fullPath } }
    }
  })
}
