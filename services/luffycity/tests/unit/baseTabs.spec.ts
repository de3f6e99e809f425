import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import BaseTabs from '@/components/base/BaseTabs.vue'

const TABS = ['one', 'two', 'three'].map((key) => ({ key, text: key.toUpperCase() }))

function tabs(begins: 'text' | 'control' = 'text') {
  const wrapper = mount(BaseTabs<string>, {
    attachTo: document.body,
    props: {
      label: 'Views',
      tabs: TABS,
      begins,
      modelValue: 'one',
      'onUpdate:modelValue': (modelValue: string) => wrapper.setProps({ modelValue }),
    },
    slots: { one: 'first', two: 'second', three: 'third' },
  })
  return wrapper
}

afterEach(() => {
  document.body.innerHTML = ''
})

describe('tabs', () => {
  it('show the open view alone, and tell which it is', () => {
    const wrapper = tabs()
    const view = wrapper.get('[role="tabpanel"]')
    expect(view.text()).toBe('first')
    const [first, second] = wrapper.findAll('[role="tab"]')
    expect(first?.attributes()).toMatchObject({ 'aria-selected': 'true', tabindex: '0' })
    expect(first?.attributes('aria-controls')).toBe(view.attributes('id'))
    expect(view.attributes('aria-labelledby')).toBe(first?.attributes('id'))
    expect(second?.attributes()).toMatchObject({ 'aria-selected': 'false', tabindex: '-1' })
    expect(second?.attributes('aria-controls')).toBeUndefined()
    expect(wrapper.get('[role="tablist"]').attributes('aria-label')).toBe('Views')
  })

  it('open by a press', async () => {
    const wrapper = tabs()
    await wrapper.get('[role="tab"]:nth-of-type(2)').trigger('click')
    expect(wrapper.get('[role="tabpanel"]').text()).toBe('second')
  })

  it.each([
    [['ArrowRight'], 'two'],
    [['ArrowRight', 'ArrowRight', 'ArrowRight'], 'one'],
    [['ArrowLeft'], 'three'],
    [['End'], 'three'],
    [['End', 'Home'], 'one'],
    [['Enter'], 'one'],
  ])('open by the keys %s: %s', async (keys, open) => {
    const wrapper = tabs()
    wrapper.get<HTMLElement>('[role="tab"]').element.focus()
    for (const key of keys) {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
      await nextTick()
    }
    expect(wrapper.get('[aria-selected="true"]').text()).toBe(open.toUpperCase())
    expect(document.activeElement).toBe(wrapper.get('[aria-selected="true"]').element)
  })

  it('leave the browser’s own keys alone', () => {
    const wrapper = tabs()
    const event = new KeyboardEvent('keydown', { key: 'ArrowLeft', altKey: true, cancelable: true })
    wrapper.get('[role="tab"]').element.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(false)
    expect(wrapper.get('[aria-selected="true"]').text()).toBe('ONE')
  })

  it.each([['text', '0'], ['control', undefined]] as const)('whose view begins with %s', (begins, place) => {
    expect(tabs(begins).get('[role="tabpanel"]').attributes('tabindex')).toBe(place)
  })
})
