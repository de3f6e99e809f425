import { toTypedSchema } from '@vee-validate/valibot'
import type * as v from 'valibot'
import { useForm } from 'vee-validate'
import { nextTick, ref, shallowRef, useTemplateRef } from 'vue'
import { ApiError } from '@/api/errors'

/**
 * A form whose fields are checked here first and by the API then.
 *
 * What the API says of a field is shown at that field; all else is in `failure`. The first field that
 * is wrong gets the focus, for which the template has the form as `ref="element"`. One sending at a time.
 *
 * @param schema what the fields have to be, with messages in the visitor's language
 * @param send passes the fields on
 * @param fieldOfWord of what the API refuses with a word of its own: the field that this is about
 */
export function useApiForm<S extends v.GenericSchema<Record<string, unknown>>>(
  schema: S,
  initialValues: v.InferInput<S>,
  send: (values: v.InferOutput<S>) => Promise<unknown>,
  fieldOfWord: Readonly<Record<string, string>> = {},
) {
  const failure = shallowRef<ApiError | null>(null)
  const busy = ref(false)
  const element = useTemplateRef<HTMLFormElement>('element')
  // vee-validate's own types cannot follow a schema that is a type parameter.
  const form = useForm<Record<string, unknown>>({
    validationSchema: toTypedSchema(schema),
    initialValues: { ...initialValues },
    keepValuesOnUnmount: true,
  })

  const submit = form.handleSubmit(
    async (values) => {
      if (busy.value) return
      busy.value = true
      failure.value = null
      try {
        await send(values as v.InferOutput<S>)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        await tell(error)
      } finally {
        busy.value = false
      }
    },
    async () => focusWrong(),
  )

  async function tell(error: ApiError): Promise<void> {
    const { word, refusal } = error
    const named = fieldOfWord[word]
    const said = named && refusal ? { [named]: [refusal.said] } : (refusal?.fields ?? {})
    const known = Object.entries(said).filter(([name]) => name in form.values)
    for (const [name, texts] of known) form.setFieldError(name, texts.join(' '))
    if (known.length) await focusWrong()
    else failure.value = error
  }

  async function focusWrong(): Promise<void> {
    await nextTick()
    element.value?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }

  return { element, failure, busy, submit, values: form.values, form }
}
