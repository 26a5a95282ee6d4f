/** The server's certificate: read and checked before anything listens, so that a bad file gives a clear error. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { readNamedFile } from '../../common/named-file.ts';
import type { App, Shell } from './shell/shell.ts';

/** Longer than any certificate chain. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The paths of certificate and key; with neither, there is no TLS. */
export interface TlsFiles {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

export function usesTls({ tlsCert, tlsKey }: TlsFiles): boolean {
  return tlsCert !== undefined || tlsKey !== undefined;
}

/**
 * Creates an app, with TLS if there is a certificate.
 * @throws when only one of the two files is given, a file is invalid, or the two do not match
 */
export function createApp(shell: Shell, options: TlsFiles): App {
  const certificate = usesTls(options) ? readCertificate(options) : undefined;
  return shell.createApp({ certificate });
}

/**
 * A digest of the two files, to notice changes; empty without TLS.
 * @throws as {@link createApp}
 */
export function certificateDigest(options: TlsFiles): string {
  if (!usesTls(options)) return '';
  const { cert, key } = readCertificate(options);
  return createHash('sha256').update(cert).update('\0').update(key).digest('hex');
}

/** @returns a line if only one of the two is given */
export function tlsProblems({ tlsCert, tlsKey }: TlsFiles): string[] {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return [];
  return tlsCert === undefined
    ? ['--tls-key: needs --tls-cert, the certificate that it is for']
    : ["--tls-cert: needs --tls-key, the certificate's private key"];
}

function readCertificate({ tlsCert, tlsKey }: TlsFiles) {
  if (tlsCert === undefined || tlsKey === undefined) throw new Error(tlsProblems({ tlsCert, tlsKey })[0]);
  const cert = read('--tls-cert', tlsCert);
  const key = read('--tls-key', tlsKey);
  tryOut(`--tls-cert: ${tlsCert} is no certificate in PEM`, { cert });
  tryOut(`--tls-key: ${tlsKey} is no private key in PEM`, { key });
  tryOut(`--tls-key: ${tlsKey} is not the key of ${tlsCert}`, { cert, key });
  return { tlsCert, tlsKey, cert, key };
}

function read(option: string, file: string): Buffer {
  // The files are read several times, which a pipe does not allow.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
    throw new Error(`${option}: ${file} is no file`);
  try {
    return readNamedFile(file, MAX_FILE_BYTES).bytes;
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`);
  }
}

function tryOut(problem: string, files: { cert?: Buffer; key?: Buffer }): void {
  try {
    createSecureContext(files);
  } catch {
    throw new Error(problem);
  }
}
