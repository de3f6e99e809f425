import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { readOrderFilters, writeOrderFilters } from '@/stores/orderFilters'
import { failing, fakeApi, never, page, refusing } from './fakeApi'
import { mountPage } from './mountPage'
import { personApi, signIn } from './person'
import { answered, order, paid, payment } from './shopApi'

async function open(path: string, answers: object) {
  signIn()
  const requests = fakeApi({ ...personApi(), ...answers })
  const mounted = await mountPage(path)
  await flushPromises()
  const button = (text: string) =>
    mounted.wrapper.findAll<HTMLButtonElement>('main button').find((one) => one.text() === text)
  const confirm = async () => {
    document.querySelector<HTMLButtonElement>('[role="dialog"] .button-danger')?.click()
    await flushPromises()
  }
  return { ...mounted, requests, button, confirm }
}

describe('the filters of the order list', () => {
  it.each([
    [{ state: 'timed-out', page: '3' }, { state: 'timedOut', page: 3 }],
    [{}, { state: undefined, page: 1 }],
    [{ state: 'nonsense', page: '-1' }, { state: undefined, page: 1 }],
    [{ state: ['paid'], page: '0' }, { state: undefined, page: 1 }],
  ])('of %j are %j', (query, filters) => {
    expect(readOrderFilters(query)).toEqual(filters)
  })

  it('make the address they came from', () => {
    expect(writeOrderFilters({ state: 'timedOut', page: 3 })).toEqual({ state: 'timed-out', page: 3 })
    expect(writeOrderFilters({ page: 1 })).toEqual({})
  })
})

describe('the list of orders', () => {
  it('asks for the page and the state of the address', async () => {
    const { requests, wrapper } = await open('/my/orders?state=paid&page=2', {
      'order/': answered({ ...page(order(paid)), count: 30 }),
    })
    expect(requests).toContain('order/?page=2&page_size=10&order_status=1')
    const chosen = wrapper.get('.chips [aria-current="true"]')
    expect(chosen.text()).toBe('已支付')
    const links = wrapper.findAll('nav[aria-label="分页"] a').map((one) => one.attributes('href'))
    expect(links).toContain('/my/orders?state=paid&page=3')
  })

  it('shows an order with its courses, amounts and what can be done', async () => {
    const { wrapper, button } = await open('/my/orders', {
      'order/': answered(
        page(
          order({ amount: '78.00', discount: '7.80', total_amount: '70.20', coupon: 'TEN' }),
          order({ ...paid, out_trade_no: 'a2', refunded_amount: '10.00' }),
        ),
      ),
    })
    const [unpaid, other] = wrapper.findAll('article').map((one) => one.text())
    expect(unpaid).toContain('待支付')
    expect(unpaid).toContain('−¥7.80')
    expect(unpaid).toContain('TEN')
    expect(unpaid).toMatch(/剩余支付时间 (30:00|29:5\d)/)
    expect(button('去支付')).toBeDefined()
    expect(other).toContain('部分退款')
    expect(other).toContain('¥10')
    expect(other).not.toContain('去支付')
  })

  it.each([
    ['/my/orders', '还没有订单', '/courses'],
    ['/my/orders?state=refunded', '没有这种状态的订单', '/my/orders'],
  ])('%s says "%s" where there are none', async (path, words, way) => {
    const { wrapper } = await open(path, { 'order/': answered(page()) })
    expect(wrapper.text()).toContain(words)
    expect(wrapper.get('main .button').attributes('href')).toBe(way)
  })

  it('leads back from a page that does not exist', async () => {
    const { wrapper } = await open('/my/orders?page=9', { 'order/': failing(404) })
    expect(wrapper.text()).toContain('没有这一页')
    expect(wrapper.get('main .button').attributes('href')).toBe('/my/orders')
  })

  it('shows where things will be, and what went wrong', async () => {
    const waiting = await open('/my/orders', { 'order/': never })
    expect(waiting.wrapper.find('main [aria-busy="true"]').exists()).toBe(true)
    waiting.wrapper.unmount()
    const { wrapper } = await open('/my/orders', { 'order/': failing(500) })
    fakeApi({ 'order/': answered(page(order())) })
    await wrapper.get('main [role="alert"] button').trigger('click')
    await flushPromises()
    expect(wrapper.findAll('article')).toHaveLength(1)
  })
})

describe('an order', () => {
  it('shows its times, its courses and the way to learn', async () => {
    const { wrapper } = await open('/my/orders/a1', { 'order/a1/': answered(order(paid)) })
    expect(wrapper.text()).toContain('支付时间')
    expect(wrapper.get('main a[href="/learn/7"]').text()).toBe('继续学习')
  })

  it('offers no way to learn what was given back', async () => {
    const [line] = order().details
    const { wrapper } = await open('/my/orders/a1', {
      'order/a1/': answered(
        order({ ...paid, refunded_amount: '39.00', details: [{ ...line, refunded: true }] }),
      ),
    })
    expect(wrapper.find('main a[href="/learn/7"]').exists()).toBe(false)
    expect(wrapper.get('.refunded').text()).toBe('已退款')
  })

  it('is paid at the gateway', async () => {
    const assign = vi.spyOn(location, 'assign').mockReturnValue()
    const { button } = await open('/my/orders/a1', {
      'order/a1/': answered(order()),
      'POST order/a1/pay/': payment(),
    })
    await button('去支付')?.trigger('click')
    await flushPromises()
    expect(assign).toHaveBeenCalledWith('https://gateway.test/pay?no=a1')
  })

  it('is cancelled after a question', async () => {
    const { button, confirm, requests, wrapper } = await open('/my/orders/a1', {
      'order/a1/': answered(order()),
      'POST order/a1/cancel/': answered(order({ order_status: 2, can_pay: false })),
    })
    button('取消订单')?.element.focus()
    await button('取消订单')?.trigger('click')
    await flushPromises()
    expect(requests).not.toContain('POST order/a1/cancel/')
    await confirm()
    expect(wrapper.get('.state').text()).toBe('已取消')
    expect(button('去支付')).toBeUndefined()
    // The button that opened the dialog is gone.
    await vi.waitFor(() => expect(document.activeElement?.id).toBe('main'))
  })

  it('that is paid by now says so, and is fetched anew', async () => {
    let now = order()
    const { button, confirm, wrapper } = await open('/my/orders/a1', {
      'order/a1/': () => answered(now),
      'POST order/a1/cancel/': refusing(409, 'order_not_unpaid', { msg: 'Not unpaid any more.' }),
    })
    now = order(paid)
    await button('取消订单')?.trigger('click')
    await flushPromises()
    await confirm()
    expect(document.body.textContent).toContain('Not unpaid any more.')
    expect(wrapper.get('.state').text()).toBe('已支付')
  })

  it('is looked at again when its time is over', async () => {
    vi.useFakeTimers()
    let now = order({ expires: new Date(Date.now() + 65_000).toISOString() })
    const { wrapper } = await open('/my/orders/a1', { 'order/a1/': () => answered(now) })
    expect(wrapper.get('[role="timer"]').text()).toBe('剩余支付时间 1:05')
    now = order({ order_status: 3, can_pay: false })
    await vi.advanceTimersByTimeAsync(66_000)
    expect(wrapper.get('.state').text()).toBe('已超时')
  })

  it('of somebody else is not there', async () => {
    const { wrapper } = await open('/my/orders/zz', { 'order/zz/': failing(404) })
    expect(wrapper.text()).toContain('没有这个订单')
  })

  it('whose number is more than a name is asked for as it is', async () => {
    const { requests } = await open('/my/orders/..%2Fcart', { 'order/..%2Fcart/': failing(404) })
    expect(requests).toContain('order/..%2Fcart/')
  })
})
