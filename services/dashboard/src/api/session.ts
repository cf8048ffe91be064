/** GET /api/session: what the page needs to know of the server. */
export interface Session {
  /** To be sent as x-labelfleet-csrf with whatever changes something. */
  csrfToken: string;
  isReadOnly: boolean;
  /** Whether there is a login, which POST /logout ends. */
  canLogOut: boolean;
  version: string;
}
