/** Checks the token options as far as possible without `jose`, which is loaded only if they are used. */
import { printable } from '../../../common/printable.ts';
import { isPrivateUrl } from '../../http/bounded-fetch.ts';
import type { ServerOptions } from '../../options.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { TokenVerifier } from './verify-token.ts';

type TokenOptions = Pick<
  ServerOptions,
  'jwtSecret' | 'jwtPublicKeyFile' | 'jwksUrl' | 'jwtAudience' | 'jwtIssuer' | 'rooms' | 'topics'
>;

/** Whether clients must bring a token that this server verifies itself. */
export function asksForTokens({ jwtSecret, jwtPublicKeyFile, jwksUrl }: TokenOptions): boolean {
  return [jwtSecret, jwtPublicKeyFile, jwksUrl].some((option) => option !== undefined);
}

/** @returns one line per problem */
export function tokenProblems(options: TokenOptions): string[] {
  const { jwtPublicKeyFile, jwksUrl, jwtAudience, jwtIssuer, rooms, topics } = options;
  const isOn = asksForTokens(options);
  const problems: string[] = [];
  if (jwksUrl !== undefined && !isPrivateUrl(jwksUrl))
    problems.push('--jwks-url: should be an https:// URL, or http:// on this machine, without a password');
  if (jwtPublicKeyFile !== undefined && jwksUrl !== undefined)
    problems.push('--jwt-public-key-file and --jwks-url: give one of them');
  if (!isOn && (jwtAudience !== undefined || jwtIssuer !== undefined))
    problems.push(
      '--jwt-audience and --jwt-issuer: need --jwt-secret-file, --jwt-public-key-file or --jwks-url',
    );
  for (const [flag, isServed] of Object.entries({ rooms, topics }))
    if (isOn && isServed)
      problems.push(`--${flag}: its clients bring no token, so it cannot be on if tokens are required`);
  return problems;
}

/**
 * Creates the verifier that the options ask for.
 * @param wallTime returns milliseconds since 1970
 * @param log told when published keys cannot be fetched
 * @throws with a line that says which option is wrong
 */
export async function loadTokenVerifier(
  options: TokenOptions,
  wallTime: () => number,
  log: Logger,
): Promise<TokenVerifier | undefined> {
  if (!asksForTokens(options)) return undefined;
  const { createTokenVerifier } = await import('./verify-token.ts');
  const verifier = createTokenVerifier(options, wallTime, (why) =>
    log.error(
      { event: 'keys_failed' },
      `The keys of --jwks-url cannot be loaded, so nobody can connect: ${printable(why)}`,
    ),
  );
  void verifier?.load();
  return verifier;
}
