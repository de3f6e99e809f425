import { ref, watch, type Ref } from 'vue'

/** Whether something was ever so: what is made when it is first asked for stays from then on. */
export function useEver(now: () => boolean): Ref<boolean> {
  const ever = ref(false)
  watch(now, (so) => (ever.value ||= so), { immediate: true, flush: 'sync' })
  return ever
}
