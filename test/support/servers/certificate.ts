/** Certificates, made anew for each run: a private key is never kept. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

interface CertificateFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/**
 * @param folder for the two files
 * @param host that it is for, as openssl writes it
 * @param issuer itself if left out; its certificate is not put into the file
 */
export function makeCertificate(
  folder: string,
  name: string,
  host = 'DNS:localhost',
  issuer?: CertificateFiles,
): CertificateFiles {
  const files = { tlsCert: join(folder, `${name}.crt`), tlsKey: join(folder, `${name}.key`) };
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=pairlane-${name} -addext subjectAltName=${host}`;
  const issuedBy = issuer ? ['-CA', issuer.tlsCert, '-CAkey', issuer.tlsKey] : [];
  execFileSync('openssl', [...args.split(' '), ...issuedBy, '-out', files.tlsCert, '-keyout', files.tlsKey], {
    stdio: 'pipe',
  });
  return files;
}
