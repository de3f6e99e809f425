import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SAVE_EVERY_MS } from '@/composables/watchProgress'
import { failing, fakeApi, never, refusing, type Sent } from './fakeApi'
import { chaptersWith, confirm, good, learningApi, lesson, myCourse } from './learningApi'
import { mountPage, says, settled } from './mountPage'
import { signIn } from './person'

/** What no test browser plays: a video that stands at a place of a hundred seconds. */
let place: number
let paused: boolean
let rate: number

beforeEach(() => {
  place = 0
  paused = true
  rate = 1
  const element = HTMLMediaElement.prototype
  vi.spyOn(element, 'currentTime', 'get').mockImplementation(() => place)
  vi.spyOn(element, 'currentTime', 'set').mockImplementation((value) => {
    place = value
  })
  vi.spyOn(element, 'duration', 'get').mockReturnValue(100)
  vi.spyOn(element, 'paused', 'get').mockImplementation(() => paused)
  vi.spyOn(element, 'playbackRate', 'get').mockImplementation(() => rate)
  vi.spyOn(element, 'playbackRate', 'set').mockImplementation((value) => {
    rate = value
  })
  vi.spyOn(element, 'load').mockReturnValue()
  vi.spyOn(element, 'play').mockImplementation(async () => {
    paused = false
  })
  vi.spyOn(element, 'pause').mockImplementation(() => {
    paused = true
  })
})

afterEach(() => {
  vi.useRealTimers()
})

const video = (wrapper: VueWrapper) => wrapper.get('video')
const button = (wrapper: VueWrapper, text: string) =>
  wrapper.findAll('button').find((one) => one.text() === text) ?? wrapper.get(`no button ${text}`)

/** Lesson 12 is done, and 11 is not. */
const halfDone = good({
  ...myCourse,
  done: 1,
  percent: 50,
  chapters: chaptersWith(({ id }) => ({ done: id === 12 })),
})

function reports(sent: Sent[]) {
  return sent.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>)
}

/** The API, and what was told to it of lesson 11. */
function listening(answers: Record<string, unknown> = {}) {
  const heard: Sent[] = []
  const requests = fakeApi({
    ...learningApi(),
    'PUT learning/section/11/progress/': (_: URLSearchParams, sent: Sent) => {
      heard.push(sent)
      return good({ position: 0, duration: 100, done: false })
    },
    ...answers,
  })
  return { heard, requests }
}

async function opened(path = '/learn/7/11', answers: Record<string, unknown> = {}) {
  signIn()
  const { heard, requests } = listening(answers)
  const page = await mountPage(path)
  if (page.wrapper.find('video').exists()) await video(page.wrapper).trigger('loadedmetadata')
  return { ...page, heard, requests }
}

describe('the player', () => {
  it('opens the lesson in the address, with the contents and which lessons are done', async () => {
    const { wrapper } = await opened('/learn/7/11', { 'learning/course/7/': halfDone })
    expect(wrapper.get('h1').text()).toBe('From wishes to tables')
    expect(video(wrapper).attributes('src')).toBe(lesson.section_link)
    expect(wrapper.text()).toContain('已学完 1 / 2 课时')
    const lines = wrapper.findAll('aside li a').map((line) => [line.text(), line.attributes('aria-current')])
    expect(lines).toEqual([
      [expect.stringContaining('From wishes'), 'page'],
      [expect.stringContaining('已学完'), undefined],
    ])
  })

  it.each([
    [true, undefined],
    [false, 'noindex'],
  ])('may be found by search engines if it is free to try: %s', async (free_trail, robots) => {
    await opened('/learn/7/11', { 'learning/section/11/': good({ ...lesson, free_trail }) })
    const tag = document.head.querySelector('meta[name="robots"]')
    expect(tag?.getAttribute('content')).toBe(robots)
  })

  it('goes on where one left off when the address names no lesson', async () => {
    const { router } = await opened('/learn/7')
    expect(router.currentRoute.value.path).toBe('/learn/7/12')
  })

  it('shows guests what is free to try first', async () => {
    fakeApi({ ...learningApi(), 'learning/section/11/': good({ ...lesson, enrolled: false }) })
    const { wrapper, router } = await mountPage('/learn/7')
    expect(router.currentRoute.value.path).toBe('/learn/7/11')
    expect(wrapper.text()).toContain('免费试学')
    expect(wrapper.find('textarea').exists()).toBe(false)
    expect(wrapper.text()).not.toContain('标记为已学完')
  })

  it.each([
    ['somebody who does not take the course', true, refusing(403, 'not_enrolled'), ['/courses/7']],
    ['a guest', false, refusing(401, 'not_authenticated'), ['/courses/7', '/login?next=/learn/7/12']],
  ])('tells %s that it is closed, with a way to the offer', async (_, known, answer, ways) => {
    if (known) signIn()
    fakeApi({
      ...learningApi(),
      'learning/course/7/': refusing(403, 'not_enrolled'),
      'learning/section/12/': answer,
    })
    const { wrapper } = await mountPage('/learn/7/12')
    expect(wrapper.get('h1').text()).toBe('这一课时只对报名的学员开放')
    expect(wrapper.findAll('section .ways a').map((link) => link.attributes('href'))).toEqual(ways)
  })

  it('is "not found" for a lesson that is not there, and can be tried again after a failure', async () => {
    signIn()
    fakeApi({ ...learningApi(), 'learning/section/11/': failing(404) })
    const { wrapper, router } = await mountPage('/learn/7/11')
    expect(wrapper.get('h1').text()).toBe('页面走丢了')
    fakeApi({ ...learningApi(), 'learning/section/12/': failing(500) })
    await router.push('/learn/7/12')
    await flushPromises()
    fakeApi(learningApi())
    await wrapper.get('[role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.get('h1').text()).toBe('Relations')
  })

  it('shows where things will be while they are on their way', async () => {
    signIn()
    fakeApi({ ...learningApi(), 'learning/section/11/': never, 'learning/course/7/': never })
    const { wrapper } = await mountPage('/learn/7/11')
    expect(wrapper.find('[aria-busy="true"]').exists()).toBe(true)
    expect(wrapper.find('video').exists()).toBe(false)
  })

  it('corrects an address that names a lesson of another course', async () => {
    const { router } = await opened('/learn/8/11', {
      'learning/course/8/': refusing(403, 'not_enrolled'),
      'course/actual/8/': failing(404),
      'course/chapter/': failing(404),
    })
    await flushPromises()
    expect(router.currentRoute.value.path).toBe('/learn/7/11')
  })

  it('has an empty state for a course without lessons', async () => {
    const { wrapper } = await opened('/learn/7', {
      'learning/course/7/': good({ ...myCourse, sections: 0, go_on: null, chapters: [] }),
    })
    expect(wrapper.text()).toContain('这门课程还没有课时')
  })
})

describe('the place in a video', () => {
  it('is where one left off, which is said, and can be the beginning instead', async () => {
    const { wrapper } = await opened('/learn/7/11', {
      'learning/section/11/': good({ ...lesson, progress: { position: 42, duration: 100, done: false } }),
    })
    expect(place).toBe(42)
    expect(wrapper.text()).toContain('已从上次的 0:42 处继续')
    await button(wrapper, '从头播放').trigger('click')
    expect(place).toBe(0)
    expect(paused).toBe(false)
  })

  it.each([1, 97])('is the beginning when %i of 100 seconds were seen', async (position) => {
    await opened('/learn/7/11', {
      'learning/section/11/': good({ ...lesson, progress: { position, duration: 100, done: true } }),
    })
    expect(place).toBe(0)
  })

  it('is told every ten seconds, on pause and at the end, with the moment', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { wrapper, heard } = await opened()
    paused = false
    for (const second of [3, 6]) {
      place = second
      await video(wrapper).trigger('timeupdate')
    }
    expect(heard).toEqual([])
    vi.advanceTimersByTime(SAVE_EVERY_MS)
    place = 10.7
    await video(wrapper).trigger('timeupdate')
    place = 12
    paused = true
    await video(wrapper).trigger('pause')
    await video(wrapper).trigger('pause')
    place = 100
    await video(wrapper).trigger('ended')
    await flushPromises()
    const at = Date.now()
    expect(reports(heard)).toEqual([
      { position: 10, duration: 100, at },
      { position: 12, duration: 100, at },
      { position: 100, duration: 100, at },
    ])
  })

  it('is told when the page is hidden, and when the player is left', async () => {
    const { wrapper, heard, router } = await opened()
    place = 20
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    await flushPromises()
    const calls = vi.mocked(fetch).mock.calls
    expect(calls.at(-1)?.[1]).toMatchObject({ method: 'PUT', keepalive: true })
    place = 25
    await video(wrapper).trigger('timeupdate')
    await router.push('/')
    await flushPromises()
    expect(reports(heard).map(({ position }) => position)).toEqual([20, 25])
  })

  it('is nobody’s before the video stands at it, nor of who does not take the course', async () => {
    signIn()
    const { heard } = listening()
    const { wrapper } = await mountPage('/learn/7/11')
    place = 0
    await video(wrapper).trigger('pause')
    expect(heard).toEqual([])
    wrapper.unmount()
    const visitor = await opened('/learn/7/11', {
      'learning/course/7/': refusing(403, 'not_enrolled'),
      'learning/section/11/': good({ ...lesson, enrolled: false }),
    })
    place = 30
    await video(visitor.wrapper).trigger('pause')
    await flushPromises()
    expect(visitor.heard).toEqual([])
  })

  it('that could not be saved is said, and told again until it is', async () => {
    const { wrapper } = await opened('/learn/7/11', {
      'PUT learning/section/11/progress/': failing(500),
    })
    place = 20
    await video(wrapper).trigger('pause')
    await flushPromises()
    expect(wrapper.text()).toContain('学习进度暂时没有保存')
    const { heard } = listening()
    await video(wrapper).trigger('pause')
    await flushPromises()
    expect(reports(heard)).toMatchObject([{ position: 20 }])
    expect(wrapper.text()).not.toContain('学习进度暂时没有保存')
  })
})

describe('a video that does not play', () => {
  async function broken(wrapper: VueWrapper) {
    const element = video(wrapper).element
    vi.spyOn(element, 'error', 'get').mockReturnValue({ code: 2 } as MediaError)
    await video(wrapper).trigger('error')
    await flushPromises()
  }

  it('gets another link quietly, and goes on at its place', async () => {
    const { wrapper } = await opened()
    const link = '/protected/section/a.mp4?expires=4102444860&signature=t'
    const requests = fakeApi({ ...learningApi(), 'learning/section/11/': good({ ...lesson, section_link: link }) })
    place = 33
    paused = false
    await broken(wrapper)
    expect(requests).toEqual(['learning/section/11/'])
    expect(video(wrapper).attributes('src')).toBe(link)
    place = 0
    await video(wrapper).trigger('loadedmetadata')
    expect(place).toBe(33)
    expect(wrapper.find('[role="alert"] button').exists()).toBe(false)
  })

  it('says so when another link does not help, and can be tried again', async () => {
    const { wrapper, requests } = await opened()
    await broken(wrapper)
    await broken(wrapper)
    expect(wrapper.text()).toContain('这个视频无法播放')
    const before = requests.length
    await button(wrapper, '重试').trigger('click')
    await flushPromises()
    expect(requests.slice(before)).toEqual(['learning/section/11/'])
    expect(wrapper.text()).not.toContain('这个视频无法播放')
  })

  it('says why no other link was to be had', async () => {
    const { wrapper } = await opened()
    fakeApi({ ...learningApi(), 'learning/section/11/': failing(500) })
    await broken(wrapper)
    expect(wrapper.get('.stage [role="alert"]').text()).toContain('课程服务出了问题')
  })

  it('becomes a closed lesson for who takes the course no longer', async () => {
    const { wrapper } = await opened()
    fakeApi({ ...learningApi(), 'learning/section/11/': refusing(403, 'not_enrolled') })
    await broken(wrapper)
    expect(wrapper.get('h1').text()).toBe('这一课时只对报名的学员开放')
  })
})

describe('the end of a lesson', () => {
  it('offers the next one, and goes there when the seconds have run down', async () => {
    vi.useFakeTimers()
    signIn()
    listening()
    const mounted = mountPage('/learn/7/11')
    await vi.runAllTimersAsync()
    const { wrapper, router } = await mounted
    await video(wrapper).trigger('ended')
    expect(wrapper.text()).toContain('10 秒后开始')
    await vi.advanceTimersByTimeAsync(11_000)
    expect(router.currentRoute.value.path).toBe('/learn/7/12')
    await video(wrapper).trigger('loadedmetadata')
    expect(paused, 'it begins by itself').toBe(false)
  })

  it('stays where it is for who wants that, and for who plays on', async () => {
    vi.useFakeTimers()
    signIn()
    listening()
    const mounted = mountPage('/learn/7/11')
    await vi.runAllTimersAsync()
    const { wrapper, router } = await mounted
    await video(wrapper).trigger('ended')
    await button(wrapper, '留在这里').trigger('click')
    await video(wrapper).trigger('ended')
    await video(wrapper).trigger('playing')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(router.currentRoute.value.path).toBe('/learn/7/11')
    expect(wrapper.text()).not.toContain('秒后开始')
  })

  it('is marked at once, and taken back where that fails', async () => {
    const { wrapper } = await opened('/learn/7/11', {
      'PUT learning/section/11/progress/': failing(500),
    })
    const marked = button(wrapper, '标记为已学完').trigger('click')
    await marked
    expect(wrapper.text()).toContain('已学完 1 / 2 课时')
    await flushPromises()
    expect(wrapper.text()).toContain('已学完 0 / 2 课时')
    expect(wrapper.text()).toContain('标记为已学完')
  })

  it('of the last lesson brings the certificate once the API knows of it', async () => {
    let arrive: (answer: unknown) => void = () => undefined
    const { wrapper } = await opened('/learn/7/11', {
      'learning/course/7/': halfDone,
      'PUT learning/section/11/progress/': () => new Promise((resolve) => (arrive = resolve)),
    })
    await button(wrapper, '标记为已学完').trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('已学完 2 / 2 课时')
    expect(wrapper.text()).not.toContain('领取证书')
    arrive(good({ position: 0, duration: 0, done: true }))
    await flushPromises()
    expect(wrapper.text()).toContain('领取证书')
  })

  it('of the last lesson brings the certificate, and asks for a name where there is none', async () => {
    const { wrapper, router } = await opened('/learn/7/11', {
      'learning/course/7/': halfDone,
      'PUT learning/section/11/progress/': good({ position: 100, duration: 100, done: true }),
      'POST learning/certificate/': refusing(409, 'name_missing'),
      'learning/certificate/ABCDE/': good({ code: 'ABCDE', name: 'Ada', course: 'Django', issued: '2026-01-02T03:04:05Z' }),
    })
    place = 95
    await video(wrapper).trigger('pause')
    await flushPromises()
    expect(wrapper.text()).toContain('全部课时已学完')
    await button(wrapper, '领取证书').trigger('click')
    await flushPromises()
    expect(document.querySelector('[role="dialog"]')?.textContent).toContain('证书上印哪个名字')
    listening({
      'POST learning/certificate/': good({ code: 'ABCDE', name: 'Ada', course: 'Django', issued: '2026-01-02T03:04:05Z' }),
      'learning/certificate/ABCDE/': good({ code: 'ABCDE', name: 'Ada', course: 'Django', issued: '2026-01-02T03:04:05Z' }),
    })
    await button(wrapper, '领取证书').trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe('/certificate/ABCDE'))
  })
})

describe('the keys of the player', () => {
  function press(key: string, target: EventTarget = document.body, more: KeyboardEventInit = {}) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
    target.dispatchEvent(event)
    return event.defaultPrevented
  }

  it('play, leap, mute and change the speed, which is remembered', async () => {
    await opened()
    press('k')
    expect(paused).toBe(false)
    press(' ')
    expect(paused).toBe(true)
    place = 30
    press('l')
    press('ArrowRight')
    expect(place).toBe(50)
    press('j')
    press('ArrowLeft')
    press('ArrowLeft')
    press('ArrowLeft')
    press('ArrowLeft')
    press('ArrowLeft')
    expect(place, 'not before the beginning').toBe(0)
    press('>')
    expect(rate).toBe(1.25)
    expect(localStorage.getItem('luffy.speed')).toBe('1.25')
  })

  it('are left to who types, to controls and to the browser', async () => {
    const { wrapper } = await opened()
    await button(wrapper, '提问').trigger('click')
    await settled()
    expect(press('k', wrapper.get('textarea').element)).toBe(false)
    expect(press(' ', wrapper.get('button').element)).toBe(false)
    expect(press('l', document.body, { ctrlKey: true })).toBe(false)
    expect(press('ArrowDown'), 'it scrolls the page').toBe(false)
    expect(press('ArrowDown', video(wrapper).element), 'the controls have it').toBe(false)
    expect(paused).toBe(true)
  })

  it('are told of by ?, and can be switched off', async () => {
    await opened()
    press('?')
    await says('后退 10 秒')
    const dialog = document.querySelector('[role="dialog"]')
    dialog?.querySelector<HTMLInputElement>('input[type="checkbox"]')?.click()
    await flushPromises()
    dialog?.querySelector<HTMLButtonElement>('header button')?.click()
    await flushPromises()
    expect(press('k')).toBe(false)
    expect(localStorage.getItem('luffy.playerKeys')).toBe('off')
  })
})

describe('what lies beside a lesson', () => {
  const attachment = {
    id: 3,
    name: 'cargo.txt',
    kind: 'text',
    size: 1500,
    link: '/protected/attachment/a.txt?expires=4102444800&name=cargo.txt&signature=s',
  }

  it('is a text to read, a place to open, and files with kind and size', async () => {
    const { wrapper } = await opened('/learn/7/11', {
      'learning/section/11/': good({
        ...lesson,
        section_type: 1,
        section_link: 'https://example.com/task',
        attachments: [attachment],
      }),
      '/protected/attachment/a.txt': () => new Response('Count the cargo.'),
    })
    expect(wrapper.find('video').exists()).toBe(false)
    expect(wrapper.text()).toContain('Count the cargo.')
    const out = wrapper.get('a[target="_blank"]')
    expect(out.attributes()).toMatchObject({ href: 'https://example.com/task', rel: 'noopener noreferrer' })
    expect(wrapper.get('a[download]').text()).toMatch(/cargo\.txt\s*文本 · 1\.5/)
  })

  it('is fetched by another link when the one it had is over', async () => {
    const over = { ...attachment, kind: 'pdf', link: '/protected/attachment/a.pdf?expires=1&signature=s' }
    const { wrapper } = await opened('/learn/7/11', {
      'learning/section/11/': good({ ...lesson, attachments: [over] }),
    })
    const requests = fakeApi({
      ...learningApi(),
      'learning/section/11/': good({
        ...lesson,
        section_link: '/protected/section/a.mp4?expires=4102444860&signature=t',
        attachments: [{ ...over, link: attachment.link }],
      }),
    })
    await wrapper.get('a[download]').trigger('click')
    await flushPromises()
    expect(requests).toEqual(['learning/section/11/'])
    expect(wrapper.get('a[download]').attributes('href')).toBe(attachment.link)
    expect(video(wrapper).attributes('src'), 'what plays goes on').toBe(lesson.section_link)
  })
})

/** Those under a lesson come a turn after it. */
async function openedQuestions(...wanted: Parameters<typeof opened>) {
  const page = await opened(...wanted)
  await vi.waitFor(() => expect(page.wrapper.find('.questions').exists()).toBe(true))
  await settled()
  return page
}

describe('questions under a lesson', () => {
  const question = {
    id: 5,
    author: 'Ada',
    own: true,
    text: 'Why?',
    written: '2026-01-02T03:04:05Z',
    answers: [{ id: 6, author: '', own: false, text: 'Because.', written: '2026-01-03T03:04:05Z', by_staff: true }],
  }

  it('are shown with their answers, and asked', async () => {
    const { wrapper } = await openedQuestions()
    expect(wrapper.text()).toContain('还没有人提问')
    await button(wrapper, '提问').trigger('click')
    await settled()
    expect(document.activeElement).toBe(wrapper.get('textarea').element)
    await wrapper.get('form.form').trigger('submit')
    await vi.waitFor(() =>
      expect(wrapper.get('textarea').attributes('aria-invalid')).toBe('true'),
    )
    const { requests } = listening({
      'POST learning/section/11/questions/': good(question),
      'learning/section/11/questions/': { count: 1, results: [question] },
    })
    await wrapper.get('textarea').setValue('Why?')
    await wrapper.get('form.form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.get('article').text()).toContain('Why?'))
    expect(requests).toContain('POST learning/section/11/questions/')
    expect(wrapper.get('article').text()).toContain('教学团队')
    expect(wrapper.find('textarea').exists()).toBe(false)
    expect(document.activeElement).toBe(button(wrapper, '提问').element)
  })

  it('are not asked by who thinks better of it', async () => {
    const { wrapper } = await openedQuestions()
    await button(wrapper, '提问').trigger('click')
    await settled()
    await button(wrapper, '取消').trigger('click')
    await flushPromises()
    expect(wrapper.find('textarea').exists()).toBe(false)
    expect(document.activeElement).toBe(button(wrapper, '提问').element)
  })

  it('are answered below themselves', async () => {
    const { wrapper } = await openedQuestions('/learn/7/11', {
      'learning/section/11/questions/': { count: 1, results: [question] },
      'POST learning/question/5/answers/': good({ ...question.answers[0], id: 7, own: true, text: 'So.' }),
    })
    await button(wrapper, '回答').trigger('click')
    await settled()
    await wrapper.get('article textarea').setValue('So.')
    await wrapper.get('article form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.find('article form').exists()).toBe(false))
    expect(wrapper.get('article').text()).toContain('So.')
  })

  it.each([
    ['gone at once', good(null), 0],
    ['back where that fails', failing(500), 1],
  ])('that one deletes are %s', async (_, answer, left) => {
    const { wrapper } = await openedQuestions('/learn/7/11', {
      'learning/section/11/questions/': { count: 1, results: [question] },
      'DELETE learning/question/5/': never,
    })
    await button(wrapper, '删除').trigger('click')
    await settled()
    const { requests } = listening({
      'DELETE learning/question/5/': answer,
      'learning/section/11/questions/': { count: left, results: left ? [question] : [] },
    })
    confirm()
    await flushPromises()
    expect(requests).toContain('DELETE learning/question/5/')
    expect(wrapper.findAll('article')).toHaveLength(left)
  })

  it('have pages in the address', async () => {
    const { wrapper } = await openedQuestions('/learn/7/11?questions=2', {
      'learning/section/11/questions/': { count: 21, results: [question] },
    })
    const pages = wrapper.findAll('nav[aria-label="分页"] a').map((one) => one.attributes('href'))
    expect(pages).toContain('/learn/7/11?questions=3')
    const current = wrapper.findAll('nav[aria-label="分页"] [aria-current]')
    expect(current.map((one) => one.text())).toEqual(['2'])
  })

  it('that fail leave the lesson, and can be tried again', async () => {
    const { wrapper } = await openedQuestions('/learn/7/11', { 'learning/section/11/questions/': failing(500) })
    expect(wrapper.find('video').exists()).toBe(true)
    listening()
    await wrapper.get('.questions [role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('还没有人提问')
  })
})
