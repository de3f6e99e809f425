/** Hands `text` to the browser as a file to be saved as `name`. */
export function saveFile(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has its own hold on it once it began.
  setTimeout(() => URL.revokeObjectURL(address))
}
