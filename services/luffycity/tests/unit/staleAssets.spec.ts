import { describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { routes } from '@/routes'
import { reloadWhenAssetsAreGone } from '@/staleAssets'

function failToLoad(): boolean {
  return !dispatchEvent(new Event('vite:preloadError', { cancelable: true }))
}

describe('a tab that outlived a deployment', () => {
  it('is loaded anew once, and not in a loop', () => {
    const assign = vi.spyOn(location, 'assign').mockReturnValue()
    reloadWhenAssetsAreGone(createRouter({ history: createMemoryHistory(), routes }))
    expect(failToLoad()).toBe(true)
    expect(assign).toHaveBeenCalledOnce()
    expect(failToLoad()).toBe(false)
    expect(assign).toHaveBeenCalledOnce()
  })
})
