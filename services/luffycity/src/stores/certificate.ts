import { defineStore } from 'pinia'
import { fetchCertificate } from '@/api/certificates'
import { createResource } from '@/composables/resource'

/** The certificate that is being looked at. */
export const useCertificateStore = defineStore('certificate', () => {
  const found = createResource((signal, code: string) => fetchCertificate(code, signal))
  return { found }
})
