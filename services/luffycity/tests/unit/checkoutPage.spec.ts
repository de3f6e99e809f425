import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { failing, fakeApi, never, refusing, type Sent } from './fakeApi'
import { mountPage } from './mountPage'
import { enrolments, personApi, signIn } from './person'
import { answered, cartItem, cartOf, order, paid, payment, quoteOf } from './shopApi'

let assign: MockInstance<(url: string | URL) => void>

beforeEach(() => {
  signIn()
  assign = vi.spyOn(location, 'assign').mockReturnValue()
})

/** Quotes as the API gives them: of the courses that are asked for, with the coupon. */
function quoting(_: URLSearchParams, { body }: Sent) {
  const { courses, coupon } = JSON.parse(String(body)) as { courses: number[]; coupon: string }
  return quoteOf(courses, coupon)
}

/** What the page sent to place orders: keys and bodies. */
interface Placed {
  key?: string
  body: { courses: number[]; coupon: string; total_amount: string }
}

async function checkout(path: string, answers: object = {}) {
  const placed: Placed[] = []
  const api: Record<string, unknown> = {
    ...personApi(),
    'POST order/quote/': quoting,
    'POST order/pay/': payment(),
    ...answers,
  }
  const pay = api['POST order/pay/']
  api['POST order/pay/'] = (_: URLSearchParams, { headers, body }: Sent) => {
    placed.push({ key: headers['Idempotency-Key'], body: JSON.parse(String(body)) })
    return typeof pay === 'function' ? pay() : pay
  }
  const requests = fakeApi(api)
  const page = await mountPage(path)
  await flushPromises()
  const button = () => page.wrapper.get<HTMLButtonElement>('button.pay')
  const press = async () => {
    await button().trigger('click')
    await flushPromises()
  }
  const at = () => page.router.currentRoute.value
  return { ...page, requests, placed, button, press, at }
}

describe('the checkout', () => {
  it('shows what the API says that it costs, and leads to where it is paid', async () => {
    const { wrapper, placed, press, button } = await checkout('/checkout?courses=7,8&coupon=TEN')
    expect(wrapper.findAll('.lines s').map((one) => one.text())).toEqual(['¥39', '¥39'])
    expect(button().text()).toBe('支付 ¥70.20')
    await press()
    expect(placed).toEqual([
      {
        key: expect.stringMatching(/^[0-9a-f]{32}$/),
        body: { courses: [7, 8], coupon: 'TEN', total_amount: '70.20' },
      },
    ])
    expect(assign).toHaveBeenCalledWith('https://gateway.test/pay?no=a1')
  })

  it('takes the courses of the cart, and keeps them in the address', async () => {
    const { at, button } = await checkout('/checkout', {
      'cart/': cartOf(cartItem(7), cartItem(8, { available: false, why_not: 'not_for_sale' })),
    })
    expect(at().query.courses).toBe('7')
    expect(button().text()).toBe('支付 ¥39')
  })

  it.each([['/checkout'], ['/checkout?courses='], ['/checkout?courses=abc,-1,0']])(
    '%s has nothing to buy',
    async (path) => {
      const { wrapper, requests } = await checkout(path)
      expect(wrapper.text()).toContain('没有要购买的课程')
      expect(requests).not.toContain('POST order/quote/')
    },
  )

  it('says why the coupon of the address does not count, and shows the price without', async () => {
    const { wrapper, button } = await checkout('/checkout?courses=7&coupon=OLD', {
      'POST order/quote/': (query: URLSearchParams, sent: Sent) =>
        String(sent.body).includes('OLD')
          ? refusing(409, 'coupon_over', { msg: 'Not valid any more.' })()
          : quoting(query, sent),
    })
    const field = wrapper.get<HTMLInputElement>('input[name="coupon"]')
    expect(field.element.value).toBe('OLD')
    expect(wrapper.get('.field .error').text()).toBe('Not valid any more.')
    expect(button().text()).toBe('支付 ¥39')
  })

  it('counts a coupon in and out, in the address too', async () => {
    const { wrapper, at, button } = await checkout('/checkout?courses=7')
    await wrapper.get('input[name="coupon"]').setValue('TEN')
    await wrapper.get('main form').trigger('submit')
    await vi.waitFor(() => expect(at().query.coupon).toBe('TEN'))
    expect(button().text()).toBe('支付 ¥35.10')
    await wrapper.get('.applied button').trigger('click')
    await vi.waitFor(() => expect(button().text()).toBe('支付 ¥39'))
    expect(at().query.coupon).toBeUndefined()
  })

  it('places one order however often the button is pressed', async () => {
    const { button, placed } = await checkout('/checkout?courses=7')
    button().element.click()
    button().element.click()
    await flushPromises()
    button().element.click()
    await flushPromises()
    expect(placed).toHaveLength(1)
  })

  it('sends the same key again after a lost answer and a reload, and another one afterwards', async () => {
    const first = await checkout('/checkout?courses=7', { 'POST order/pay/': failing(502) })
    await first.press()
    expect(first.wrapper.text()).toContain('不会重复下单')
    first.wrapper.unmount()
    const second = await checkout('/checkout?courses=7')
    await second.press()
    expect(second.placed[0]?.key).toBe(first.placed[0]?.key)
    second.wrapper.unmount()
    const third = await checkout('/checkout?courses=7')
    await third.press()
    expect(third.placed[0]?.key).not.toBe(first.placed[0]?.key)
  })

  it('does not use the key of one order for another', async () => {
    const first = await checkout('/checkout?courses=7', { 'POST order/pay/': failing(502) })
    await first.press()
    first.wrapper.unmount()
    const other = await checkout('/checkout?courses=8')
    await other.press()
    expect(other.placed[0]?.key).not.toBe(first.placed[0]?.key)
  })

  it('works in a browser that stores nothing', async () => {
    const { press, placed } = await checkout('/checkout?courses=7', { 'POST order/pay/': failing(502) })
    const blocked = () => {
      throw new DOMException('blocked', 'SecurityError')
    }
    vi.stubGlobal('sessionStorage', { getItem: blocked, setItem: blocked, removeItem: blocked })
    await press()
    await press()
    expect(placed).toHaveLength(2)
    expect(placed[0]?.key).toBe(placed[1]?.key)
  })

  it('shows the new price when it has changed, and asks again', async () => {
    let price = quoteOf([7])
    const { wrapper, press, placed, button } = await checkout('/checkout?courses=7', {
      'POST order/quote/': () => price,
      'POST order/pay/': () => {
        if (price.result.total_amount !== '39.00') return payment()
        price = quoteOf([7])
        price.result.total_amount = '49.00'
        return refusing(409, 'price_changed', { errors: { total_amount: ['49.00'] } })()
      },
    })
    await press()
    expect(wrapper.get('.changed').text()).toContain('原来 ¥39，现在 ¥49')
    expect(button().text()).toBe('支付 ¥49')
    expect(assign).not.toHaveBeenCalled()
    await press()
    expect(placed[1]?.body.total_amount).toBe('49.00')
    expect(placed[1]?.key).not.toBe(placed[0]?.key)
    expect(assign).toHaveBeenCalledOnce()
  })

  it('goes to the result of what costs nothing', async () => {
    const free = quoteOf([7])
    free.result.total_amount = '0.00'
    const { press, button, at } = await checkout('/checkout?courses=7', {
      'POST order/quote/': free,
      'POST order/pay/': payment({ pay_url: '', total_amount: '0.00', order_status: 1 }),
      'order/success/': { code: 100, msg: 'paid' },
      'order/a1/': answered(order(paid)),
    })
    expect(button().text()).toBe('免费领取')
    await press()
    await vi.waitFor(() => expect(at().fullPath).toBe('/pay/success?out_trade_no=a1'), 5_000)
    expect(assign).not.toHaveBeenCalled()
  })

  it('says which course one has already, and can do without it', async () => {
    const { wrapper, at, button } = await checkout('/checkout?courses=7,8', {
      'learning/courses/': enrolments(7),
      'POST order/quote/': (query: URLSearchParams, sent: Sent) =>
        String(sent.body).includes('[7,8]')
          ? refusing(409, 'already_bought', { msg: 'You have some.', errors: { courses: ['7'] } })()
          : quoting(query, sent),
    })
    const panel = wrapper.get('main [role="alert"]')
    expect(panel.get('h2').text()).toBe('You have some.')
    expect(panel.text()).toContain('Course 7')
    expect(panel.find('a[href="/learn/7"]').exists()).toBe(true)
    await panel.get('button').trigger('click')
    await vi.waitFor(() => expect(at().query.courses).toBe('8'))
    await flushPromises()
    expect(button().text()).toBe('支付 ¥39')
  })

  it.each([
    [503, 'payment_not_configured', 'This site takes no payments.'],
    [429, 'too_many_orders', 'You have placed many orders.'],
    [409, 'coupon_used_up', 'This coupon is used up.'],
  ])('%i %s is said beside the button, which works again', async (status, word, msg) => {
    const { wrapper, press, button } = await checkout('/checkout?courses=7', {
      'POST order/pay/': refusing(status, word, { msg }),
    })
    await press()
    expect(wrapper.get('.sum .failure').text()).toBe(msg)
    expect(button().attributes('aria-disabled')).toBe('false')
    expect(wrapper.text()).not.toContain('不会重复下单')
  })

  it('shows where things will be, what went wrong, and tries again', async () => {
    const waiting = await checkout('/checkout?courses=7', { 'POST order/quote/': never })
    expect(waiting.wrapper.find('main [aria-busy="true"]').exists()).toBe(true)
    waiting.wrapper.unmount()
    const failed = await checkout('/checkout?courses=7', { 'POST order/quote/': failing(500) })
    fakeApi({ 'POST order/quote/': quoting })
    await failed.wrapper.get('main [role="alert"] button').trigger('click')
    await flushPromises()
    expect(failed.button().text()).toBe('支付 ¥39')
  })
})
