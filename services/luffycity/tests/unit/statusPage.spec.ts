import { describe, expect, it, vi } from 'vitest'
import { failing, fakeApi, wholeApi } from './fakeApi'
import { mountPage } from './mountPage'

const release = {
  release: '2026-01-01-0f3a',
  since: '2026-01-01T08:00:00Z',
  services: {
    edge: { image: 'edge', tag: 'aa11' },
    luffycity: { image: 'luffycity', tag: 'bb22' },
    luffy_api: { image: 'luffy_api', tag: 'cc33' },
    proxy_pool_scheduler: { image: 'proxy_pool', tag: 'dd44' },
  },
}
const edge = { services: { luffycity: { up: 1, of: 1 }, luffy_api: { up: 2, of: 2 } } }
const part = (state: string, words: string) => ({ state, seconds: null, words })
const parts = {
  database: part('ok', 'Answers.'),
  schema: part('ok', 'Has all.'),
  redis: part('ok', 'Answers.'),
  worker: part('ok', 'Heard of.'),
  beat: part('ok', 'Heard of.'),
}
const api = (change = {}) => ({ code: 100, msg: 'ok', result: { parts: { ...parts, ...change } } })

function answers(change: Record<string, unknown> = {}) {
  return {
    ...wholeApi(),
    '/status/release.json': release,
    '/status/edge.json': edge,
    'status/': api(),
    ...change,
  }
}

async function rows(): Promise<{ text: string; states: Record<string, string> }> {
  const { wrapper } = await mountPage('/status')
  await vi.waitFor(() => expect(wrapper.find('.summary').exists()).toBe(true))
  const states = Object.fromEntries(
    wrapper.findAll('.service').map((row) => [row.get('h3').text(), row.get('.state').text()]),
  )
  return { text: wrapper.get('main').text(), states }
}

describe('the status page', () => {
  it('says that all is well, which release runs, and the version of each service', async () => {
    fakeApi(answers())
    const { text, states } = await rows()
    expect(text).toContain('所有服务运行正常')
    expect(text).toContain('2026-01-01-0f3a')
    expect(text).toContain('cc33')
    expect(text).toContain('2 / 2 个实例可用')
    expect(states).toMatchObject({ 入口: '正常', 数据库: '正常', 代理采集: '后台运行' })
  })

  it('shows a service once, by a name that people understand', async () => {
    const one = { up: 1, of: 1 }
    const all = { ...edge.services, shortlink: one, demo: one, demo_farm: one, demo_lab: one }
    fakeApi(answers({ '/status/edge.json': { services: all } }))
    const { states } = await rows()
    expect(states).toMatchObject({ 短链接: '正常', 演示环境: '正常' })
    expect(Object.keys(states).filter((name) => name.includes('_'))).toEqual([])
  })

  it('says which service has no instance that is up', async () => {
    fakeApi(answers({ '/status/edge.json': { services: { luffy_api: { up: 0, of: 1 } } } }))
    const { text, states } = await rows()
    expect(text).toContain('有服务出现问题')
    expect(states['课程服务']).toBe('有问题')
    // The edge says nothing of it: that is no good news.
    expect(states['网站页面']).toBe('未知')
  })

  it("shows the API's own words for what fails", async () => {
    const schema = part('failing', 'Lacks changes.')
    fakeApi(answers({ 'status/': api({ schema, worker: part('unknown', 'Not known.') }) }))
    const { text, states } = await rows()
    expect(text).toContain('Lacks changes.')
    expect(states).toMatchObject({ 数据库: '有问题', 后台任务: '未知' })
  })

  it.each([
    ['the API fails', { 'status/': failing(502) }, '数据库'],
    ['the API answers something else', { 'status/': { code: 100, result: [] } }, '数据库'],
    ['the edge fails', { '/status/edge.json': failing(500) }, '网站页面'],
  ])('knows the rest when %s', async (_, change, unknown) => {
    fakeApi(answers(change))
    const { text, states } = await rows()
    expect(text).toContain('有些情况暂时无法得知')
    expect(states[unknown]).toBe('未知')
    expect(Object.values(states)).toContain('正常')
  })

  it('has its services without a release, too', async () => {
    fakeApi(answers({ '/status/release.json': failing(404) }))
    const { text, states } = await rows()
    expect(text).toContain('暂时无法得知当前发布')
    expect(states['课程服务']).toBe('正常')
  })
})
