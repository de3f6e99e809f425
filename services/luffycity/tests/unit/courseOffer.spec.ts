import { flushPromises } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { failing, fakeApi, refusing, course, wholeApi } from './fakeApi'
import { mountPage, settled } from './mountPage'
import { enrolments, personApi, signIn } from './person'
import { cartItem, cartOf, quoteOf } from './shopApi'

async function offer(answers: object = {}, guest = false) {
  if (!guest) signIn()
  const requests = fakeApi({ ...wholeApi(), ...personApi(), ...answers })
  const { wrapper, router } = await mountPage('/courses/7')
  await flushPromises()
  const button = (text: string) =>
    wrapper.get('.buying').findAll('a, button').find((one) => one.text() === text)
  return { wrapper, router, requests, button }
}

describe('the offer of a course', () => {
  it('leads a guest who buys through the login, and asks nothing about them', async () => {
    const { button, requests, wrapper } = await offer({}, true)
    expect(button('立即购买')?.attributes('href')).toBe('/checkout?courses=7')
    expect(wrapper.text()).toContain('需要先登录')
    expect(button('我有优惠券')).toBeUndefined()
    expect(requests.filter((one) => /cart|learning|order/.test(one))).toEqual([])
  })

  it('brings a guest back who puts it into the cart', async () => {
    const { button, router, requests } = await offer({}, true)
    await button('加入购物车')?.trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe('login'), 5_000)
    expect(router.currentRoute.value.query).toEqual({ next: '/courses/7' })
    expect(requests).not.toContain('POST cart/')
  })

  it('puts it into the cart, and leads there then', async () => {
    const { button, wrapper } = await offer({ 'POST cart/': cartOf(cartItem(7)) })
    await button('加入购物车')?.trigger('click')
    await flushPromises()
    expect(button('加入购物车')).toBeUndefined()
    expect(button('已在购物车，去查看')?.attributes('href')).toBe('/cart')
    expect(wrapper.get('header').html()).toContain('购物车，1 门课程')
  })

  it('says why it cannot go into the cart', async () => {
    const { button, wrapper } = await offer({
      'POST cart/': refusing(409, 'cart_full', { msg: 'The cart is full.' }),
    })
    await button('加入购物车')?.trigger('click')
    await flushPromises()
    expect(wrapper.get('.buying [role="alert"]:not(:empty)').text()).toBe('The cart is full.')
  })

  it('is the way to learn for who takes it', async () => {
    const { button } = await offer({ 'learning/courses/': enrolments(7) })
    expect(button('继续学习')?.attributes('href')).toBe('/learn/7')
    expect(button('立即购买')).toBeUndefined()
  })

  it('turns out to be bought in another tab', async () => {
    let taken: number[] = []
    const { button } = await offer({
      'learning/courses/': () => enrolments(...taken),
      'POST cart/': () => {
        taken = [7]
        return refusing(409, 'already_bought', { msg: 'You have it.', errors: { courses: ['7'] } })()
      },
    })
    await button('加入购物车')?.trigger('click')
    await flushPromises()
    expect(button('继续学习')).toBeDefined()
  })

  it('takes a free course, and goes there', async () => {
    const { button, router, requests } = await offer({
      'course/actual/7/': course({ price: '0.00', for_sale: false }),
      'POST learning/enrol/': { code: 100, msg: 'ok', result: { course: 7, new: true } },
    })
    await button('免费学习')?.trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/learn/7'), 5_000)
    expect(requests).toContain('POST learning/enrol/')
  })

  it('cannot be bought while it is coming soon', async () => {
    const { button, wrapper } = await offer({ 'course/actual/7/': course({ for_sale: false }) })
    expect(wrapper.get('.buying').text()).toContain('即将上线')
    expect(button('立即购买')).toBeUndefined()
  })

  it('waits until it is known which courses one takes, and can ask again', async () => {
    const { button } = await offer({ 'learning/courses/': failing(500) })
    expect(button('立即购买')).toBeUndefined()
    fakeApi({ 'learning/courses/': enrolments() })
    await button('重试')?.trigger('click')
    await flushPromises()
    expect(button('立即购买')).toBeDefined()
  })

  it('shows the price with a coupon, and takes that along', async () => {
    const { button, wrapper } = await offer({ 'POST order/quote/': quoteOf([7], 'TEN') })
    await button('我有优惠券')?.trigger('click')
    await settled()
    await wrapper.get('input[name="coupon"]').setValue('ten')
    await wrapper.get('.buying form').trigger('submit')
    await vi.waitFor(() => expect(wrapper.get('.buying s').text()).toBe('¥39'))
    expect(wrapper.get('.buying .money .now').text()).toBe('¥35.10')
    expect(button('立即购买')?.attributes('href')).toBe('/checkout?courses=7&coupon=TEN')
    await button('不使用')?.trigger('click')
    expect(button('立即购买')?.attributes('href')).toBe('/checkout?courses=7')
  })

  it('says at the field why a coupon does not count', async () => {
    const { button, wrapper } = await offer({
      'POST order/quote/': refusing(409, 'coupon_over', { msg: 'Not valid any more.' }),
    })
    await button('我有优惠券')?.trigger('click')
    await settled()
    const field = wrapper.get<HTMLInputElement>('input[name="coupon"]')
    await field.setValue('old')
    await wrapper.get('.buying form').trigger('submit')
    await vi.waitFor(() => expect(field.attributes('aria-invalid')).toBe('true'))
    const said = field.attributes('aria-describedby')?.split(' ').at(-1)
    expect(document.getElementById(said ?? '')?.textContent).toBe('Not valid any more.')
    await vi.waitFor(() => expect(document.activeElement).toBe(field.element))
  })
})
