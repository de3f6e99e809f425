import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { ApiError } from '@/api/errors'
import ConfirmDialog from '@/components/base/ConfirmDialog.vue'
import ErrorPanel from '@/components/base/ErrorPanel.vue'
import { i18n } from '@/i18n'

function mountDialog(busy = false) {
  const open = ref(false)
  const confirmed: string[] = []
  const Page = defineComponent(() => () => [
    h('button', { id: 'opener', onClick: () => (open.value = true) }, 'Ask'),
    h(ConfirmDialog, {
      open: open.value,
      'onUpdate:open': (now: boolean) => (open.value = now),
      title: 'Sure?',
      description: 'It is gone then.',
      confirm: 'Throw away',
      busy,
      onConfirm: () => confirmed.push('yes'),
    }),
  ])
  const wrapper = mount(Page, { attachTo: document.body, global: { plugins: [i18n] } })
  return { wrapper, open, confirmed }
}

const dialog = () => document.querySelector<HTMLElement>('[role="dialog"]')

function button(text: string) {
  const all = [...(dialog()?.querySelectorAll('button') ?? [])]
  const named = (one: Element) => one.getAttribute('aria-label') ?? one.textContent?.trim()
  return all.find((one) => named(one) === text) ?? expect.fail(`no button ${text}`)
}

async function openIt(busy = false) {
  const mounted = mountDialog(busy)
  const opener = mounted.wrapper.get<HTMLElement>('#opener')
  opener.element.focus()
  await opener.trigger('click')
  await flushPromises()
  return { ...mounted, opener }
}

/** The library gives the focus back in a task of its own. */
async function later() {
  await new Promise((resolve) => setTimeout(resolve, 20))
  await flushPromises()
}

describe('a dialog', () => {
  it('says what it is about, and has the focus', async () => {
    await openIt()
    const named = (attribute: string) =>
      document.getElementById(dialog()?.getAttribute(attribute) ?? '')?.textContent
    expect(named('aria-labelledby')).toBe('Sure?')
    expect(named('aria-describedby')).toBe('It is gone then.')
    expect(dialog()?.contains(document.activeElement)).toBe(true)
  })

  it.each(['取消', '关闭'])('is closed by "%s", and gives the focus back', async (name) => {
    const { opener, confirmed } = await openIt()
    button(name).click()
    await later()
    expect(dialog()).toBeNull()
    expect(document.activeElement).toBe(opener.element)
    expect(confirmed).toEqual([])
  })

  it('is closed by Escape', async () => {
    const { opener } = await openIt()
    const escape = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true })
    document.activeElement?.dispatchEvent(escape)
    await later()
    expect(dialog()).toBeNull()
    expect(document.activeElement).toBe(opener.element)
  })

  it('confirms', async () => {
    const { confirmed } = await openIt()
    button('Throw away').click()
    expect(confirmed).toEqual(['yes'])
  })

  it('confirms nothing twice, and keeps the focus on its button meanwhile', async () => {
    const { confirmed } = await openIt(true)
    button('Throw away').focus()
    button('Throw away').click()
    expect(confirmed).toEqual([])
    expect(document.activeElement).toBe(button('Throw away'))
  })
})

describe('an error with a new try', () => {
  it('is not tried twice at once, and keeps the focus on its button meanwhile', async () => {
    const error = new ApiError('timeout', 'x')
    const wrapper = mount(ErrorPanel, {
      props: { error },
      attachTo: document.body,
      global: { plugins: [i18n] },
    })
    const retry = wrapper.get('button')
    retry.element.focus()
    await retry.trigger('click')
    await wrapper.setProps({ busy: true })
    await retry.trigger('click')
    expect(wrapper.emitted('retry')).toHaveLength(1)
    expect(document.activeElement).toBe(retry.element)
  })
})
