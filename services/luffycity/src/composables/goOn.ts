import { watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { nextOf } from '@/routes/next'
import { useSessionStore } from '@/stores/session'

/** Goes on to where one wanted to, once somebody is logged in: here, or in another tab. */
export function useGoOnWhenSignedIn(): void {
  const route = useRoute()
  const router = useRouter()
  const session = useSessionStore()
  watch(
    () => session.signedIn,
    (signedIn) => {
      if (signedIn) void router.replace(nextOf(route.query))
    },
  )
}
