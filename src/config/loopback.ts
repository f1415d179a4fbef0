/** Which addresses only this machine can reach. */

/** Whether a server bound to this host is out of reach for others. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
