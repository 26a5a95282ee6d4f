/**
 * Checks a server's options for errors and for surprising combinations; the same for the command line and for programs.
 */
import { optionProblems } from '../common/check-options.ts';
import { parseListenAddress } from '../common/listen-address.ts';
import { trustProxyProblems } from './admission/client-address.ts';
import { discoveryProblems, peerJsKeyProblems } from './admission/peerjs-keys.ts';
import { MIN_SHARED_TOKEN_CHARS } from './admission/shared-token.ts';
import { asksForTokens, tokenProblems } from './admission/tokens/token-options.ts';
import { busProblems } from './cluster/bus/create-bus.ts';
import { parseChaos } from './dialects/chaos.ts';
import { isPrivateUrl } from './http/bounded-fetch.ts';
import { tlsProblems } from './http/tls.ts';
import { defaultServerOptions, type ServerOptions, serverOptions } from './options.ts';
import { iceServerProblems } from './signaling/ice-servers.ts';
import { parseOtlpHeaders } from './traces/otlp-headers.ts';
import { webhookSecret } from './webhooks/sign.ts';

/** @returns a line for each option that is unknown, invalid, or in conflict with others */
export function serverOptionProblems(given: Partial<ServerOptions>): string[] {
  const problems = optionProblems(serverOptions, given);
  if (problems.length > 0) return problems;
  const options: ServerOptions = { ...defaultServerOptions, ...withoutUndefined(given) };
  return [
    ...addressProblems(options),
    ...trustProxyProblems(options.trustProxy),
    ...tlsProblems(options),
    ...iceServerProblems(options),
    ...busProblems(options),
    ...tokenProblems(options),
    ...peerJsProblems(options),
    ...adminProblems(options),
    ...webhookProblems(options),
    ...chaosProblems(options),
    ...tracesProblems(options),
  ];
}

function addressProblems({ host, basePath }: ServerOptions): string[] {
  const [isUsable, isPath] = [host.length > 0, /^(\/[\w.~-]+)*$/.test(basePath)];
  return [
    ...(isUsable ? [] : ['--host: should name at least one address']),
    ...host
      .filter((text) => parseListenAddress(text) === undefined)
      .map(() => '--host: should be an address, a name, or unix:/PATH with at most 107 bytes'),
    ...(isPath ? [] : ['--base-path: should begin with / and not end with it, like /signal']),
  ];
}

function peerJsProblems(options: ServerOptions): string[] {
  const { peerjsKey, peerjsDiscovery, authWebhook } = options;
  const isGuarded = asksForTokens(options) || authWebhook !== undefined;
  return [
    ...peerJsKeyProblems(peerjsKey),
    ...(isGuarded && peerjsDiscovery ? discoveryProblems(peerjsKey) : []),
  ];
}

function webhookProblems({ authWebhook, eventWebhook, webhookSecret: secret }: ServerOptions): string[] {
  const problems = Object.entries({ 'auth-webhook': authWebhook, 'event-webhook': eventWebhook })
    .filter(([, url]) => url !== undefined && !isPrivateUrl(url))
    .map(([name]) => `--${name}: should be an https:// URL, or http:// on this machine, without a password`);
  if (eventWebhook !== undefined && secret === undefined)
    problems.push('--event-webhook: needs --webhook-secret-file, which its requests are signed with');
  if (secret !== undefined && !webhookSecret(secret))
    problems.push(
      '--webhook-secret: should be at least 24 bytes in base64; openssl rand -base64 32 makes one',
    );
  return problems;
}

function adminProblems({ adminToken }: ServerOptions): string[] {
  return adminToken !== undefined && adminToken.length < MIN_SHARED_TOKEN_CHARS
    ? [
        `--admin-token: should have at least ${MIN_SHARED_TOKEN_CHARS} characters; openssl rand -base64 24 makes one`,
      ]
    : [];
}

function chaosProblems({ chaos, chaosButtons, inspect, inspectToken }: ServerOptions): string[] {
  const isRead = chaos === undefined || parseChaos(chaos);
  const isGuessed = inspectToken !== undefined && inspectToken.length < MIN_SHARED_TOKEN_CHARS;
  return [
    ...(isRead ? [] : ['--chaos: should be like loss=5%,delay=300ms,drop=answer+candidate']),
    ...(chaosButtons && !inspect
      ? ['--chaos-buttons: are on the inspector’s page, which --no-inspect turns off']
      : []),
    ...(chaosButtons && isGuessed
      ? [
          `--chaos-buttons: need an --inspect-token that nobody guesses, of at least ${MIN_SHARED_TOKEN_CHARS} characters`,
        ]
      : []),
  ];
}

function tracesProblems({ otlpUrl, otlpHeaders }: ServerOptions): string[] {
  const url = otlpUrl !== undefined && URL.canParse(otlpUrl) ? new URL(otlpUrl) : undefined;
  const isUsable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '';
  const areHeaders = otlpHeaders === undefined || parseOtlpHeaders(otlpHeaders);
  return [
    ...(otlpUrl === undefined || isUsable
      ? []
      : ['--otlp-url: should be an http:// or https:// URL, like http://localhost:4318, without a password']),
    ...(areHeaders
      ? []
      : [
          '--otlp-headers: should be like authorization=Bearer%20TOKEN,x-tenant=NAME, values percent-encoded',
        ]),
  ];
}

/** A shorter secret can be found by trial: anybody with one client's resume secret can try offline. */
const MIN_SECRET_CHARS = 20;

/** Secrets in use that can be guessed. */
export function tokenWarnings({ inspectToken }: ServerOptions): string[] {
  return inspectToken !== undefined && inspectToken.length < MIN_SHARED_TOKEN_CHARS
    ? [
        `--inspect-token is shorter than ${MIN_SHARED_TOKEN_CHARS} characters and can be guessed, so whoever brings it waits behind those who guess; make one with: openssl rand -base64 24`,
      ]
    : [];
}

/** Features that do not work, or not safely, without a good `--secret`. */
export function secretWarnings({ secret, drainMs, nats, relayPort, relayConnect }: ServerOptions): string[] {
  if (secret !== undefined) {
    return secret.length < MIN_SECRET_CHARS
      ? ['--secret is shorter than 20 characters and can be guessed; make one with: openssl rand -base64 24']
      : [];
  }
  if ([nats, relayPort, relayConnect].some((option) => option !== undefined))
    return ['Without --secret no client comes back when its node dies: give all nodes the same one'];
  return drainMs > 0 ? ['Without --secret no client comes back to its session after the drain'] : [];
}

/** Removes undefined options, so that they get their defaults. */
export function withoutUndefined<Given extends object>(options: Given): Given {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given;
}
