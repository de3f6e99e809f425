import { flushPromises } from '@vue/test-utils'

/** Longer than vee-validate collects changes before it looks at a form. */
const COLLECTED_MS = 20

/** Waits until a form was looked at, and sent if it may be. With the real clock alone. */
export async function settled(): Promise<void> {
  await flushPromises()
  await new Promise((resolve) => setTimeout(resolve, COLLECTED_MS))
  await flushPromises()
}
