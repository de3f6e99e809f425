import { useI18n } from 'vue-i18n'
import type { ApiError } from '@/api/errors'
import { useFormats } from './formats'

/** What a visitor is told of an error: the API's own sentence where it has one to say, else ours. */
export function useMessages() {
  const { t } = useI18n()
  const { formatWait } = useFormats()

  function messageOf({ kind, refusal }: ApiError): string {
    if (refusal?.word === 'throttled' && refusal.retryAfterS !== null) {
      return t('error.busyFor', { wait: formatWait(refusal.retryAfterS) })
    }
    const own = kind === 'refused' || kind === 'busy' || kind === 'signed_out'
    // What it says of malformed fields is for programs; they are shown at the fields themselves.
    if (own && refusal?.said && refusal.word !== 'invalid') return refusal.said
    // Of a service that the API itself waits for it knows more than we do.
    if (kind === 'server' && refusal?.status === 503 && refusal.said) return refusal.said
    return t(`error.${kind}`)
  }

  return { messageOf }
}
