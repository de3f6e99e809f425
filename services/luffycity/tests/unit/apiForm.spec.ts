import { flushPromises, mount } from '@vue/test-utils'
import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { ApiError } from '@/api/errors'
import FormFailure from '@/components/forms/FormFailure.vue'
import FormField from '@/components/forms/FormField.vue'
import SubmitButton from '@/components/forms/SubmitButton.vue'
import { useApiForm } from '@/composables/apiForm'
import { i18n } from '@/i18n'
import { settled } from './settled'

const schema = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'a name is needed')),
  place: v.pipe(v.string(), v.minLength(1, 'a place is needed')),
})

function refusal(word: string, fields: Record<string, string[]> = {}, said = 'the API says no') {
  const rest = { status: 400, requestId: '', retryAfterS: null, body: null }
  return new ApiError('refused', word, { word, said, fields, ...rest })
}

function mountForm(send: (values: v.InferOutput<typeof schema>) => Promise<unknown>) {
  const Form = defineComponent({
    setup() {
      const { submit, failure, busy } = useApiForm(schema, { name: '', place: '' }, send, {
        no_such_place: 'place',
      })
      return () =>
        h('form', { ref: 'element', onSubmit: submit }, [
          h(FormField, { name: 'name', label: 'Name', hint: 'Yours' }),
          h(FormField, { name: 'place', label: 'Place' }),
          h(FormFailure, { error: failure.value }),
          h(SubmitButton, { busy: busy.value }, () => 'Go'),
        ])
    },
  })
  const wrapper = mount(Form, { attachTo: document.body, global: { plugins: [i18n] } })
  const field = (name: string) => wrapper.get<HTMLInputElement>(`[name="${name}"]`)
  return {
    wrapper,
    field,
    /** What is said of a field, as a screen reader finds it. */
    saidOf(name: string) {
      const ids = field(name).attributes('aria-describedby')?.split(' ') ?? []
      return ids.map((id) => document.getElementById(id)?.textContent).join(' ')
    },
    async submit() {
      await wrapper.get('form').trigger('submit')
      await settled()
    },
  }
}

describe('a form', () => {
  it('sends what the schema makes of its fields', async () => {
    const send = vi.fn(async () => {})
    const { field, submit } = mountForm(send)
    await field('name').setValue('  Nami ')
    await field('place').setValue('Cocoyasi')
    await submit()
    expect(send).toHaveBeenCalledExactlyOnceWith({ name: 'Nami', place: 'Cocoyasi' })
  })

  it('says what is wrong at each field, and leads to the first', async () => {
    const send = vi.fn(async () => {})
    const { field, saidOf, submit } = mountForm(send)
    await submit()
    expect(send).not.toHaveBeenCalled()
    expect(saidOf('name')).toBe('Yours a name is needed')
    expect(saidOf('place')).toBe('a place is needed')
    expect(field('name').attributes('aria-invalid')).toBe('true')
    expect(document.activeElement).toBe(field('name').element)
  })

  it('tells nobody of a mistake before it is made', async () => {
    const { field, saidOf } = mountForm(async () => {})
    await field('name').trigger('blur')
    await flushPromises()
    expect(saidOf('name')).toBe('Yours')
  })

  it('shows at a field what the API says of it, all of it', async () => {
    const { wrapper, field, saidOf, submit } = mountForm(async () => {
      throw refusal('invalid', { place: ['too far', 'and too small'], unknown: ['x'] })
    })
    await field('name').setValue('Nami')
    await field('place').setValue('Raftel')
    await submit()
    expect(saidOf('place')).toBe('too far and too small')
    expect(document.activeElement).toBe(field('place').element)
    expect(wrapper.get('[role="alert"]').text()).toBe('')
  })

  it('knows which field a word of the API is about', async () => {
    const { field, saidOf, submit } = mountForm(async () => {
      throw refusal('no_such_place', {}, 'nobody knows it')
    })
    await field('name').setValue('Nami')
    await field('place').setValue('Raftel')
    await submit()
    expect(saidOf('place')).toBe('nobody knows it')
  })

  it('says what is about no field in one place, and forgets it with the next try', async () => {
    const send = vi.fn().mockRejectedValueOnce(refusal('too_many')).mockResolvedValueOnce(undefined)
    const { wrapper, field, submit } = mountForm(send)
    await field('name').setValue('Nami')
    await field('place').setValue('Raftel')
    await submit()
    expect(wrapper.get('[role="alert"]').text()).toBe('the API says no')
    await submit()
    expect(wrapper.get('[role="alert"]').text()).toBe('')
  })

  it('is sent once, however often it is asked to', async () => {
    let answer = () => {}
    const send = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)))
    const { wrapper, field } = mountForm(send)
    await field('name').setValue('Nami')
    await field('place').setValue('Raftel')
    await wrapper.get('form').trigger('submit')
    await settled()
    await wrapper.get('form').trigger('submit')
    await settled()
    expect(send).toHaveBeenCalledOnce()
    const button = wrapper.get('button')
    expect(button.attributes()).toMatchObject({ 'aria-disabled': 'true' })
    expect(button.attributes()).not.toHaveProperty('disabled')
    answer()
    await flushPromises()
    expect(button.attributes('aria-disabled')).toBe('false')
  })
})
