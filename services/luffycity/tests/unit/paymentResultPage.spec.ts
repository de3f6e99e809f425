import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PAUSES_S } from '@/composables/paymentResult'
import { failing, fakeApi, never, refusing } from './fakeApi'
import { mountPage } from './mountPage'
import { personApi, signIn } from './person'
import { answered, order, paid } from './shopApi'

const ADDRESS = '/pay/success?out_trade_no=a1&total_amount=39.00&sign=a%2Bb%3D'

beforeEach(signIn)
afterEach(() => show(true))

/** Whether the tab is looked at. */
function show(visible: boolean): void {
  Object.defineProperty(document, 'hidden', { value: !visible, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}

async function result(answers: object = {}, address = ADDRESS) {
  const requests = fakeApi({
    ...personApi(),
    'order/success/': { code: 101, msg: 'not yet' },
    'order/a1/': answered(order()),
    ...answers,
  })
  const page = await mountPage(address)
  await flushPromises()
  const title = () => page.wrapper.get('h1').text()
  const looks = () => requests.filter((one) => one === 'order/a1/').length
  const button = (text: string) => page.wrapper.findAll('main button').find((one) => one.text() === text)
  return { ...page, requests, title, looks, button }
}

describe('the payment result', () => {
  it('passes on all that the gateway said, and shows what was bought', async () => {
    const { wrapper, requests, title, looks } = await result({
      'order/success/': { code: 100, msg: 'paid' },
      'order/a1/': answered(order(paid)),
    })
    expect(title()).toBe('支付成功')
    expect(requests).toContain('order/success/?out_trade_no=a1&total_amount=39.00&sign=a%2Bb%3D')
    expect(wrapper.get('.courses a').attributes('href')).toBe('/learn/7')
    // What it changes is fetched anew.
    expect(requests.filter((one) => one === 'cart/')).toHaveLength(2)
    expect(requests.filter((one) => one.startsWith('learning/courses/'))).toHaveLength(2)
    expect(looks()).toBe(1)
  })

  it('waits for the notification, with growing pauses', async () => {
    vi.useFakeTimers()
    let now = order()
    const { title, looks } = await result({ 'order/a1/': () => answered(now) })
    expect(title()).toBe('正在确认付款')
    await vi.advanceTimersByTimeAsync(1_900)
    expect(looks()).toBe(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(looks()).toBe(2)
    now = order(paid)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(title()).toBe('支付成功')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(looks()).toBe(3)
  })

  it('ends after about a minute, and says what to do', async () => {
    vi.useFakeTimers()
    const { title, looks, wrapper } = await result()
    await vi.advanceTimersByTimeAsync(90_000)
    expect(title()).toBe('还没有收到付款')
    expect(wrapper.text()).toContain('请不要重复支付')
    expect(looks()).toBe(PAUSES_S.length + 1)
  })

  it('asks nobody while it is out of sight, and at once when it is seen again', async () => {
    vi.useFakeTimers()
    const { looks } = await result()
    show(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(looks()).toBe(1)
    show(true)
    await vi.advanceTimersByTimeAsync(0)
    expect(looks()).toBe(2)
  })

  it('stops when the page is left', async () => {
    vi.useFakeTimers()
    const { looks, wrapper } = await result()
    wrapper.unmount()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(looks()).toBe(1)
  })

  it('has the gateway asked, and says what it knows', async () => {
    let now = order()
    const { title, button, wrapper } = await result({ 'POST order/a1/ask/': () => answered(now) })
    await button('立即向支付服务查询')?.trigger('click')
    await flushPromises()
    expect(wrapper.text()).toContain('还没有收到这笔付款')
    now = order(paid)
    await button('立即向支付服务查询')?.trigger('click')
    await flushPromises()
    expect(title()).toBe('支付成功')
  })

  it('says when the gateway cannot be asked', async () => {
    const { wrapper, button } = await result({
      'POST order/a1/ask/': refusing(503, 'payment_unavailable', { msg: 'Not just now.' }),
    })
    await button('立即向支付服务查询')?.trigger('click')
    await flushPromises()
    expect(wrapper.get('.failure').text()).toBe('Not just now.')
  })

  it.each([
    [2, '订单已取消'],
    [3, '订单已超时'],
    [4, '正在退款'],
    [5, '已退款'],
  ])('shows an order in state %i as "%s"', async (order_status, words) => {
    const { title, wrapper, looks } = await result({
      'order/a1/': answered(order({ order_status, can_pay: false })),
    })
    expect(title()).toBe(words)
    expect(wrapper.find('main a[href="/my/orders/a1"]').exists()).toBe(true)
    expect(looks()).toBe(1)
  })

  it.each([
    ['an address that the gateway did not make', refusing(400, 'not_genuine'), '无法确认这个地址'],
    ["somebody else's order", refusing(404, 'not_found'), '没有这个订单'],
  ])('believes nothing of %s', async (_, answer, words) => {
    const { title, requests } = await result({ 'order/success/': answer })
    expect(title()).toBe(words)
    expect(requests).not.toContain('order/a1/')
  })

  it('says when the address names no order', async () => {
    const { title, requests } = await result({}, '/pay/success')
    expect(title()).toBe('没有指定订单')
    expect(requests.some((one) => one.startsWith('order/'))).toBe(false)
  })

  it('goes on when the API is there again', async () => {
    vi.useFakeTimers()
    const { wrapper, title } = await result({ 'order/success/': failing(500) })
    expect(wrapper.find('main [role="alert"]').exists()).toBe(true)
    fakeApi({ 'order/success/': { code: 101, msg: '' }, 'order/a1/': answered(order()) })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(title()).toBe('正在确认付款')
  })

  it('shows where things will be', async () => {
    const { wrapper } = await result({ 'order/success/': never })
    expect(wrapper.find('main [aria-busy="true"]').exists()).toBe(true)
  })
})
