/** The reference client in Go (clients/go), built with Debian's pion and gorilla/websocket if they are installed. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where Debian installs Go libraries. */
const LIBRARIES = '/usr/share/gocode';
const PACKAGES = 'golang-go golang-github-pion-webrtc.v3-dev golang-github-gorilla-websocket-dev';
const PROGRAM = resolve('.cache/go/pairlane-peer');

/** Why it cannot be built here; undefined if it can. */
export const goMissing: string | undefined =
  spawnSync('go', ['version']).status === 0 && existsSync(`${LIBRARIES}/src/github.com/pion/webrtc`)
    ? undefined
    : `there is no Go with pion here; apt install ${PACKAGES}`;

/** @returns the program; a build takes a second or two, but half a minute the first time on a machine */
export function buildGoClient(): string {
  const folder = resolve('.cache/go/src/pairlane/client');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync('clients/go', folder, { recursive: true });
  const { status, stderr } = spawnSync('go', ['build', '-o', PROGRAM, './cmd/pairlane-peer'], {
    cwd: folder,
    env: { ...process.env, GO111MODULE: 'off', GOPATH: `${resolve('.cache/go')}:${LIBRARIES}` },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`clients/go could not be built: ${stderr}`);
  return PROGRAM;
}
