/**
 * Copies the text of `field`, which stays selected, so that a person can do it where the browser will
 * not: sites without TLS have no clipboard, and some browsers ask and are told no.
 *
 * @returns whether it was copied
 */
export async function copyFrom(field: HTMLInputElement): Promise<boolean> {
  field.focus()
  field.select()
  try {
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    // The way before there was that one; it needs no TLS.
    return document.execCommand('copy')
  }
}
