/** Certificates, made anew for each run: a private key is never kept. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * @param folder for the two files
 * @param host that it is for, as openssl writes it
 */
export function makeCertificate(
  folder: string,
  name: string,
  host = 'DNS:localhost',
): { tlsCert: string; tlsKey: string } {
  const files = { tlsCert: join(folder, `${name}.crt`), tlsKey: join(folder, `${name}.key`) };
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=pairlane-test -addext subjectAltName=${host}`;
  execFileSync('openssl', [...args.split(' '), '-out', files.tlsCert, '-keyout', files.tlsKey], {
    stdio: 'pipe',
  });
  return files;
}
