/** Certificates for localhost, made anew for each run: a private key is never kept. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** @param folder where to put the two files */
export function makeCertificate(folder: string, name: string): { tlsCert: string; tlsKey: string } {
  const files = { tlsCert: join(folder, `${name}.crt`), tlsKey: join(folder, `${name}.key`) };
  const args =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
  execFileSync('openssl', [...args.split(' '), '-out', files.tlsCert, '-keyout', files.tlsKey], {
    stdio: 'pipe',
  });
  return files;
}
