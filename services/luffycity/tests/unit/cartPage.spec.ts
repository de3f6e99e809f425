import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { failing, fakeApi, never } from './fakeApi'
import { mountPage, says } from './mountPage'
import { personApi, signIn } from './person'
import { cartItem, cartOf, quoteOf } from './shopApi'

async function cartPage(answers: object = {}) {
  signIn()
  const requests = fakeApi({
    ...personApi(),
    'cart/': cartOf(cartItem(7), cartItem(8)),
    'POST order/quote/': quoteOf([7]),
    ...answers,
  })
  const { wrapper } = await mountPage('/cart')
  await flushPromises()
  const lines = () => wrapper.findAll('.lines h2').map((one) => one.text())
  const checkout = () => wrapper.find('aside a.button')
  return { wrapper, requests, lines, checkout }
}

describe('the page of the cart', () => {
  it('shows courses and total, and leads to the checkout of them', async () => {
    const { wrapper, lines, checkout, requests } = await cartPage()
    expect(lines()).toEqual(['Course 7', 'Course 8'])
    expect(wrapper.get('aside .now').text()).toBe('¥78')
    expect(checkout().attributes('href')).toBe('/checkout?courses=7,8')
    expect(requests).not.toContain('POST order/quote/')
  })

  it('marks what cannot be bought, and does not count it', async () => {
    const { wrapper, checkout } = await cartPage({
      'cart/': cartOf(
        cartItem(7),
        cartItem(8, { available: false, why_not: 'already_bought' }),
        cartItem(9, { available: false, why_not: 'not_for_sale' }),
      ),
    })
    const whys = wrapper.findAll('.why').map((one) => one.text())
    expect(whys).toEqual([expect.stringContaining('已经有了'), '这门课程现在不能购买。'])
    expect(wrapper.get('.why a').attributes('href')).toBe('/learn/8')
    expect(checkout().attributes('href')).toBe('/checkout?courses=7')
    expect(wrapper.get('aside .now').text()).toBe('¥39')
  })

  it('has the API add up what is chosen', async () => {
    const { wrapper, checkout, requests } = await cartPage()
    await wrapper.findAll('.lines input[type="checkbox"]')[1]?.setValue(false)
    await flushPromises()
    expect(requests).toContain('POST order/quote/')
    expect(wrapper.get('aside .now').text()).toBe('¥39')
    expect(checkout().attributes('href')).toBe('/checkout?courses=7')
  })

  it('offers no checkout of nothing', async () => {
    const { wrapper, checkout } = await cartPage()
    await wrapper.get('.every input').setValue(false)
    await flushPromises()
    expect(checkout().exists()).toBe(false)
    expect(wrapper.get('aside').text()).toContain('至少选择一门')
    await wrapper.get('.every input').setValue(true)
    expect(checkout().attributes('href')).toBe('/checkout?courses=7,8')
  })

  it('takes a course out at once, keeps the focus, and puts it back with a word when that failed', async () => {
    const { wrapper, lines } = await cartPage({ 'DELETE cart/7/': failing(500) })
    await wrapper.get('[aria-label="移出购物车：Course 7"]').trigger('click')
    expect(lines()).toEqual(['Course 8'])
    await flushPromises()
    expect(lines()).toEqual(['Course 7', 'Course 8'])
    expect(document.activeElement?.textContent).toBe('购物车')
    await says('购物车没有变化。')
  })

  it('is emptied after a question', async () => {
    const { wrapper, requests } = await cartPage({ 'DELETE cart/': cartOf() })
    await wrapper.get('.head button').trigger('click')
    await flushPromises()
    const dialog = document.querySelector('[role="dialog"]')
    expect(dialog?.textContent).toContain('清空购物车')
    expect(requests).not.toContain('DELETE cart/')
    dialog?.querySelector<HTMLButtonElement>('.button-danger')?.click()
    await flushPromises()
    expect(requests).toContain('DELETE cart/')
    expect(wrapper.text()).toContain('购物车还是空的')
  })

  it('says that it is empty, that it is on its way, and what went wrong', async () => {
    const { wrapper } = await cartPage({ 'cart/': cartOf() })
    expect(wrapper.text()).toContain('购物车还是空的')
    wrapper.unmount()
    const waiting = await cartPage({ 'cart/': never })
    expect(waiting.wrapper.find('main [aria-busy="true"]').exists()).toBe(true)
    waiting.wrapper.unmount()
    const failed = await cartPage({ 'cart/': failing(500) })
    fakeApi({ 'cart/': cartOf(cartItem(7)) })
    await failed.wrapper.get('main [role="alert"] button').trigger('click')
    await flushPromises()
    expect(failed.lines()).toEqual(['Course 7'])
  })
})
