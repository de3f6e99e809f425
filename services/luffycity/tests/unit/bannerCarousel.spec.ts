import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Banner } from '@/api/schemas'
import BannerCarousel from '@/components/catalogue/BannerCarousel.vue'
import { i18n } from '@/i18n'
import { routes } from '@/routes'
import { banner } from './fakeApi'

function mountBanners(...banners: Banner[]) {
  const router = createRouter({ history: createMemoryHistory(), routes })
  return mount(BannerCarousel, { props: { banners }, global: { plugins: [i18n, router] } })
}

const three = ['One', 'Two', 'Three'].map((title) => ({ ...banner, title }))

function currentOf(wrapper: ReturnType<typeof mountBanners>) {
  return wrapper.findAll('li').findIndex((slide) => slide.attributes('inert') === undefined)
}

describe('the banners', () => {
  it('turn by themselves, round and round', async () => {
    vi.useFakeTimers()
    const wrapper = mountBanners(...three)
    const seen = [currentOf(wrapper)]
    for (let turn = 0; turn < 3; turn++) {
      await vi.advanceTimersByTimeAsync(6000)
      seen.push(currentOf(wrapper))
    }
    expect(seen).toEqual([0, 1, 2, 0])
  })

  it('stand still while somebody points at them, is in them, or has paused them', async () => {
    vi.useFakeTimers()
    const wrapper = mountBanners(...three)
    for (const [begin, end] of [
      ['pointerenter', 'pointerleave'],
      ['focusin', 'focusout'],
    ] as const) {
      await wrapper.trigger(begin)
      await vi.advanceTimersByTimeAsync(20_000)
      expect(currentOf(wrapper)).toBe(0)
      await wrapper.trigger(end)
    }
    await wrapper.get('[aria-label="暂停轮播"]').trigger('click')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(currentOf(wrapper)).toBe(0)
    expect(wrapper.find('[aria-label="继续轮播"]').exists()).toBe(true)
  })

  it('stand still for who asked for less motion', async () => {
    vi.useFakeTimers()
    vi.stubGlobal('matchMedia', () => ({ matches: true }))
    const wrapper = mountBanners(...three)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(currentOf(wrapper)).toBe(0)
  })

  it('go back and on by button, and to one by its dot', async () => {
    const wrapper = mountBanners(...three)
    await wrapper.get('[aria-label="上一张"]').trigger('click')
    expect(currentOf(wrapper)).toBe(2)
    await wrapper.get('[aria-label="下一张"]').trigger('click')
    expect(currentOf(wrapper)).toBe(0)
    await wrapper.get('[aria-label="第 2 张：Two"]').trigger('click')
    expect(currentOf(wrapper)).toBe(1)
  })

  it('have no controls where there is one alone', () => {
    expect(mountBanners(banner).find('button').exists()).toBe(false)
  })

  it.each([
    ['/courses', 'A', '/courses'],
    ['/actual-course', 'A', '/actual-course'],
    ['/admin/', 'A', '/admin/'],
    ['https://example.com/x', 'A', 'https://example.com/x'],
    ['javascript:alert(1)', 'DIV', undefined],
    ['', 'DIV', undefined],
  ])('lead for the link %j to a %s with %s', (link, tag, href) => {
    const slide = mountBanners({ ...banner, link }).get('.slide')
    expect(slide.element.tagName).toBe(tag)
    expect(slide.attributes('href')).toBe(href)
  })

  it('show the first letter where the picture is missing or broken', async () => {
    expect(mountBanners({ ...banner, image: null }).get('.stand-in').text()).toBe('S')
    const wrapper = mountBanners(banner)
    await wrapper.get('img').trigger('error')
    expect(wrapper.get('.stand-in').text()).toBe('S')
  })
})
