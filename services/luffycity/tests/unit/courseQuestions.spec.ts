import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { useSessionStore } from '@/stores/session'
import { chapters, failing, fakeApi, never, refusing, wholeApi } from './fakeApi'
import { confirm, good, learningApi, myCourse } from './learningApi'
import { mountPage, says, settled } from './mountPage'
import { signIn } from './person'

const PATH = '/courses/7?tab=questions'
const QUESTIONS = 'learning/course/7/questions/'
const question = {
  id: 5,
  author: 'Ada',
  own: true,
  text: 'Why?',
  written: '2026-01-02T03:04:05Z',
  answers: [{ id: 6, author: '', own: true, text: 'Because.', written: '2026-01-03T03:04:05Z', by_staff: true }],
  section: { id: 12, name: 'Relations' },
}
const another = { ...question, id: 8, text: 'How?', own: false, answers: [], section: { id: 11, name: 'Tables' } }
const some = { count: 2, results: [question, another] }
const none = { count: 0, results: [] }

/** The page as a guest has it. */
async function asGuest(answer: unknown, path = PATH) {
  const requests = fakeApi({ ...wholeApi(), [QUESTIONS]: answer })
  return { requests, ...(await mountPage(path)) }
}

function api(answers: Record<string, unknown>) {
  return fakeApi({ ...learningApi(), 'learning/course/7/': good({ ...myCourse, chapters }), ...answers })
}

/** The page as somebody has it who takes the course. */
async function asTaker(answers: Record<string, unknown>, path = PATH) {
  signIn()
  const requests = api(answers)
  return { requests, ...(await mountPage(path)) }
}

const button = (wrapper: VueWrapper, text: string) =>
  wrapper.findAll('button').find((one) => one.text() === text) ?? wrapper.get(`no button ${text}`)
const texts = (wrapper: VueWrapper) => wrapper.findAll('article').map((one) => one.text())
const links = (wrapper: VueWrapper) =>
  wrapper.findAll('.questions a').map((link) => [link.attributes('href'), link.text()])

describe('the questions of a course', () => {
  it('stand in a tab between reviews and teacher', async () => {
    const { wrapper, router } = await asGuest(some, '/courses/7')
    const tabs = wrapper.findAll('[role="tab"]').map((tab) => tab.text())
    expect(tabs).toEqual(['课程介绍', '课程目录', '学员评价', '问答', '讲师'])
    await wrapper.get('[role="tab"]:nth-of-type(4)').trigger('click')
    await settled()
    expect(router.currentRoute.value.query).toEqual({ tab: 'questions' })
    expect(wrapper.findAll('article')).toHaveLength(2)
  })

  it('are shown with their answers and the way to their lessons', async () => {
    const { wrapper, requests } = await asGuest(some)
    expect(requests.filter((one) => one.startsWith(QUESTIONS))).toEqual([`${QUESTIONS}?page=1`])
    expect(texts(wrapper)).toEqual([
      expect.stringMatching(/Ada.*Why\?.*教学团队.*Because\./),
      expect.stringContaining('How?'),
    ])
    expect(links(wrapper)).toEqual([
      ['/learn/7/12', '课时：Relations'],
      ['/learn/7/11', '课时：Tables'],
    ])
  })

  it('tell a guest which they are, and offer no answer', async () => {
    const { wrapper } = await asGuest({ count: 1, results: [another] })
    expect(wrapper.get('.questions .hint').text()).toContain('免费课时下的问答对所有人开放')
    expect(wrapper.findAll('.questions button')).toEqual([])
  })

  it('tell the same to who is logged in and does not take it', async () => {
    const { wrapper } = await asTaker({
      'learning/course/7/': refusing(403, 'not_enrolled'),
      [QUESTIONS]: { count: 1, results: [another] },
    })
    expect(wrapper.get('.questions .hint').text()).toContain('报名这门课程后')
    expect(wrapper.findAll('.questions button')).toEqual([])
  })

  it('lead who takes the course to where one left off, to ask there', async () => {
    const { wrapper, router, requests } = await asTaker({ [QUESTIONS]: some })
    expect(requests.filter((one) => one.startsWith(QUESTIONS))).toEqual([`${QUESTIONS}?page=1`])
    expect(links(wrapper)[0]).toEqual(['/learn/7', '提问'])
    expect(wrapper.find('.questions textarea').exists()).toBe(false)
    await wrapper.get('.questions .button').trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe('/learn/7/12'))
  })

  it('have an empty state for a guest', async () => {
    const { wrapper } = await asGuest(none)
    expect(wrapper.get('.questions .empty').text()).toBe('免费课时下还没有人提问')
  })

  it('have an empty state for who takes the course', async () => {
    const { wrapper } = await asTaker({ [QUESTIONS]: none })
    expect(wrapper.get('.questions .empty').text()).toContain('来提第一个问题吧')
  })

  it('are answered below themselves', async () => {
    const { wrapper } = await asTaker({
      [QUESTIONS]: some,
      'POST learning/question/8/answers/': good({ ...question.answers[0], id: 9, text: 'So.' }),
    })
    await wrapper.get('li:nth-of-type(2) article button').trigger('click')
    await settled()
    await wrapper.get('article textarea').setValue('So.')
    await wrapper.get('article form').trigger('submit')
    await vi.waitFor(() => expect(texts(wrapper)[1]).toContain('So.'))
    expect(wrapper.find('article form').exists()).toBe(false)
  })

  it('keep what was written where the API refuses an answer', async () => {
    const { wrapper } = await asTaker({
      [QUESTIONS]: some,
      'POST learning/question/8/answers/': refusing(409, 'too_many_answers', { msg: 'Enough.' }),
    })
    await wrapper.get('li:nth-of-type(2) article button').trigger('click')
    await settled()
    await wrapper.get('article textarea').setValue('So.')
    await wrapper.get('article form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.get('article [role="alert"]').text()).toContain('Enough.'))
    expect(wrapper.get<HTMLTextAreaElement>('article textarea').element.value).toBe('So.')
  })

  it.each([
    ['a question', 'article > .written button:last-child', 'DELETE learning/question/5/'],
    ['an answer', 'article .answers button', 'DELETE learning/answer/6/'],
  ])('of one’s own are deleted: %s', async (_, opener, path) => {
    const { wrapper } = await asTaker({ [QUESTIONS]: some })
    await wrapper.get(opener).trigger('click')
    await settled()
    const requests = api({ [path]: good(null), [QUESTIONS]: { count: 1, results: [another] } })
    confirm()
    await says('已删除')
    expect(requests).toContain(path)
    expect(wrapper.find('.questions').text()).not.toContain('Because.')
    expect(document.activeElement).toBe(wrapper.get('.questions h2').element)
  })

  it('are back where one cannot be deleted', async () => {
    const { wrapper } = await asTaker({ [QUESTIONS]: some })
    await button(wrapper, '删除').trigger('click')
    await settled()
    api({ 'DELETE learning/question/5/': failing(500) })
    confirm()
    await flushPromises()
    expect(wrapper.findAll('article')).toHaveLength(2)
  })

  it('have pages in the address, which another tab forgets', async () => {
    const { wrapper, router, requests } = await asGuest({ ...some, count: 25 }, `${PATH}&page=2`)
    expect(requests).toContain(`${QUESTIONS}?page=2`)
    const pager = wrapper.findAll('nav[aria-label="分页"] a')
    expect(pager.map((one) => one.attributes('href'))).toContain('/courses/7?tab=questions&page=3')
    await router.push(`${PATH}&page=3`)
    await settled()
    expect(requests).toContain(`${QUESTIONS}?page=3`)
    expect(document.activeElement, 'it begins at its beginning').toBe(
      wrapper.get('.questions h2').element,
    )
    await wrapper.get('[role="tab"]:nth-of-type(1)').trigger('click')
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ tab: 'details' })
  })

  it('lead back from a page that is not there', async () => {
    const { wrapper } = await asGuest(failing(404), `${PATH}&page=9`)
    expect(wrapper.get('.questions .empty').text()).toContain('没有这一页')
    expect(links(wrapper)).toEqual([['/courses/7?tab=questions', '回到第一页']])
  })

  it.each([
    ['the API fails', failing(500)],
    ['the course is gone by now', failing(404)],
    ['there is no network', new TypeError('offline')],
    ['the answer is no JSON', failing(200, '<html>')],
    ['a question has no lesson', { count: 1, results: [{ ...question, section: undefined }] }],
    ['the count is none', { ...some, count: 'x' }],
  ])('say it once, with a retry, when %s', async (_, answer) => {
    const { wrapper } = await asGuest(answer)
    await vi.waitFor(() => expect(wrapper.findAll('.questions [role="alert"]')).toHaveLength(1), 3_000)
    expect(wrapper.get('h1').text(), 'the rest of the page stays').toBe('Django')
    fakeApi({ ...wholeApi(), [QUESTIONS]: some })
    await wrapper.get('.questions [role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.findAll('article')).toHaveLength(2)
    expect(wrapper.find('.questions [role="alert"]').exists()).toBe(false)
  })

  it('have their place while they are on their way', async () => {
    const { wrapper } = await asGuest(never)
    expect(wrapper.get('.questions [aria-busy="true"] [role="status"]').text()).toBe('正在加载')
  })

  it('are fetched anew, and out of sight meanwhile, when somebody leaves', async () => {
    const { wrapper } = await asTaker({ [QUESTIONS]: some })
    expect(wrapper.findAll('article')).toHaveLength(2)
    const requests = fakeApi({ ...wholeApi(), [QUESTIONS]: never })
    useSessionStore().leave()
    await flushPromises()
    expect(requests).toContain(`${QUESTIONS}?page=1`)
    expect(wrapper.findAll('article'), 'what was for them alone').toEqual([])
  })
})
