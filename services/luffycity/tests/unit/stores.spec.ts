import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { i18n } from '@/i18n'
import { useCategoriesStore } from '@/stores/categories'
import { useCourseStore } from '@/stores/course'
import { useCourseListStore } from '@/stores/courseList'
import { useHomeStore } from '@/stores/home'
import { usePreferencesStore } from '@/stores/preferences'
import { categories, course, failing, fakeApi, page, wholeApi } from './fakeApi'

beforeEach(() => {
  setActivePinia(createPinia())
})

describe('home', () => {
  it('fetches all its parts, of the free courses those that cost nothing', async () => {
    const requests = fakeApi({
      ...wholeApi(),
      'course/actual/': (query: URLSearchParams) =>
        query.get('free') === 'true' ? page(course({ id: 1, price: '0.00' })) : page(course()),
    })
    const home = useHomeStore()
    await home.load()
    expect(home.error).toBeNull()
    expect(home.free.data?.map(({ id }) => id)).toEqual([1])
    expect(requests.toSorted()).toEqual([
      'course/actual/?page_size=4',
      'course/actual/?page_size=4&free=true',
      'course/actual/?page_size=4&ordering=-pub_date',
      'course/actual/?page_size=4&ordering=-students',
      'course/category/',
      'home/banner/',
    ])
  })

  it('keeps what came when a part fails, and fetches only that part again', async () => {
    fakeApi({ ...wholeApi(), 'home/banner/': failing(500) })
    const home = useHomeStore()
    await home.load()
    expect(home.error?.kind).toBe('server')
    expect(home.popular.data).toHaveLength(1)

    const requests = fakeApi(wholeApi())
    await home.retry()
    expect(requests).toEqual(['home/banner/'])
    expect(home.error).toBeNull()
    expect(home.banners.data).toHaveLength(1)
  })
})

describe('categories', () => {
  it('are fetched once, and again after a failure', async () => {
    const store = useCategoriesStore()
    fakeApi({ 'course/category/': failing(500) })
    await store.ensure()
    const requests = fakeApi({ 'course/category/': categories })
    await Promise.all([store.ensure(), store.ensure()])
    await store.ensure()
    expect(requests).toHaveLength(1)
    expect(store.list.data).toEqual(categories)
  })

  it('are fetched again in another language', async () => {
    const store = useCategoriesStore()
    const requests = fakeApi({ 'course/category/': categories })
    await store.ensure()
    await usePreferencesStore().setLocale('en')
    await store.ensure()
    expect(requests).toHaveLength(2)
  })
})

describe('the course list', () => {
  it('asks for what the filters say', async () => {
    const requests = fakeApi(wholeApi())
    await useCourseListStore().page.load({ category: 2, ordering: '-price', page: 3 })
    expect(requests).toEqual([
      'course/actual/?page=3&page_size=12&ordering=-price&course_category=2',
    ])
  })
})

describe('a course', () => {
  it('is opened with its chapters, and counts the lessons that are free', async () => {
    fakeApi(wholeApi())
    const store = useCourseStore()
    await store.open(7)
    expect(store.course.data?.name).toBe('Django')
    expect(store.freeLessons).toBe(1)
  })

  it('never shows the one before it', async () => {
    fakeApi({ ...wholeApi(), 'course/actual/8/': failing(500) })
    const store = useCourseStore()
    await store.open(7)
    await store.open(8)
    expect(store.course).toMatchObject({ data: null, status: 'error' })
  })

  it('fetches only what failed when it is tried again', async () => {
    fakeApi({ ...wholeApi(), 'course/chapter/': failing(500) })
    const store = useCourseStore()
    await store.open(7)
    const requests = fakeApi(wholeApi())
    await store.retry()
    expect(requests).toEqual(['course/chapter/?course_id=7'])
  })
})

describe('preferences', () => {
  it('are remembered', async () => {
    const before = usePreferencesStore()
    await before.setLocale('en')
    before.setTheme('dark')

    setActivePinia(createPinia())
    const after = usePreferencesStore()
    await after.restore()
    expect(after).toMatchObject({ locale: 'en', theme: 'dark' })
    expect(i18n.global.locale.value).toBe('en')
    expect(document.documentElement.lang).toBe('en')
    expect(document.documentElement.dataset.theme).toBe('dark')
  })

  it('are the defaults where something else was remembered', () => {
    document.cookie = 'luffy_locale=tlh; path=/'
    localStorage.setItem('luffy.theme', '__proto__')
    expect(usePreferencesStore()).toMatchObject({ locale: 'zh-CN', theme: 'auto' })
  })

  it('work in a browser that stores nothing', async () => {
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError')
    }
    vi.stubGlobal('localStorage', { getItem: blocked, setItem: blocked })
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    const preferences = usePreferencesStore()
    preferences.setTheme('dark')
    expect(document.documentElement.dataset.theme).toBe('dark')
    expect(logged).toHaveBeenCalledOnce()
  })

  it('give the choice back to the system', () => {
    const preferences = usePreferencesStore()
    preferences.setTheme('dark')
    preferences.setTheme('auto')
    expect(document.documentElement.dataset.theme).toBeUndefined()
  })
})
