import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** Whether a media query holds: for what need not be made where style sheets would hide it. */
export function useMedia(query: string): Readonly<Ref<boolean>> {
  const list = matchMedia(query)
  const holds = ref(list.matches)
  const follow = () => {
    holds.value = list.matches
  }
  list.addEventListener('change', follow)
  onScopeDispose(() => list.removeEventListener('change', follow))
  return readonly(holds)
}
