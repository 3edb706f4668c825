/** How a cookie of ours is called and what a browser is told about it. */
export type Cookies = {
  session: string;
  /** The name of a sign-in under way, but for its state. */
  signIn: string;
  options: { path: '/'; secure: boolean; httpOnly: true; sameSite: 'lax' };
};

/**
 * The cookies of an address. Over https no other host or path can plant one (`__Host-`: Secure, Path=/, no Domain; RFC
 * 6265bis, section 4.1.3.2). Over http, which is this machine only, WebKit keeps none that is Secure.
 */
export function cookiesOf(appUrl: URL): Cookies {
  const secure = appUrl.protocol === 'https:';
  const prefix = secure ? '__Host-' : 'mythoria-';
  return {
    session: `${prefix}session`,
    signIn: `${prefix}sign-in-`,
    options: { path: '/', secure, httpOnly: true, sameSite: 'lax' },
  };
}
