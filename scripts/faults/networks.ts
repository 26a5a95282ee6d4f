/**
 * Two homes and the internet between them, built from network namespaces. This process is on the internet itself, in
 * its own namespace ({@link isInside}); each home has a host behind a router that translates addresses and has a
 * firewall.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

/** The address of the servers, reachable from everywhere. */
export const SERVER_ADDRESS = '203.0.113.1';
const INSIDE = 'PAIRLANE_FAULTS_INSIDE';

export type PlaceName = 'a' | 'b';
/**
 * `symmetric`: uses a different port for each remote address, so that only addresses that were contacted get through.
 */
export type Nat = 'cone' | 'symmetric';

/** Whether this process runs in its own network namespace. */
export function isInside(): boolean {
  return process.env[INSIDE] === '1';
}

/**
 * Restarts this script in its own namespace.
 * @returns its exit status; undefined without root on Linux, or without nft
 */
export function runInside(): number | undefined {
  const isAble = spawnSync('unshare', ['--net', 'nft', 'list', 'tables'], { stdio: 'ignore' }).status === 0;
  if (!isAble) return undefined;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, [INSIDE]: '1' };
  return spawnSync('unshare', ['--net', ...again], { stdio: 'inherit', env }).status ?? 1;
}

/** A network namespace that lasts as long as this process. */
class Namespace {
  readonly #holder: ChildProcess;

  constructor() {
    // `cat` ends when this process does.
    this.#holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const [ours, theirs] = ['self', this.pid].map((pid) => `/proc/${pid}/ns/net`) as [string, string];
    while (readlinkSync(theirs) === readlinkSync(ours))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }

  get pid(): string {
    return String(this.#holder.pid);
  }

  /** The command prefix that runs a command in the namespace. */
  get prefix(): string[] {
    return ['nsenter', '-t', this.pid, '-n'];
  }

  shell(script: string): void {
    run([...this.prefix, 'sh', '-ec', script]);
  }

  close(): void {
    this.#holder.kill();
  }
}

class Home {
  readonly host = new Namespace();
  readonly #router = new Namespace();

  constructor(name: PlaceName, subnet: number) {
    const lan = `192.168.${subnet}`;
    const [gateway, own] = [1, 2].map((host) => `198.51.100.${subnet * 4 + host}`);
    run([
      'sh',
      '-ec',
      `ip link add wan-${name} type veth peer name wan netns ${this.#router.pid}
       ip link add lan-${name} netns ${this.#router.pid} type veth peer name eth netns ${this.host.pid}
       ip addr add ${gateway}/30 dev wan-${name}; ip link set wan-${name} up`,
    ]);
    this.#router.shell(
      `ip link set lo up; ip addr add ${own}/30 dev wan; ip link set wan up; ip route add default via ${gateway}
       ip link set lan-${name} name lan; ip addr add ${lan}.1/24 dev lan; ip link set lan up
       echo 1 > /proc/sys/net/ipv4/ip_forward`,
    );
    this.host.shell(
      `ip link set lo up; ip addr add ${lan}.2/24 dev eth; ip link set eth up; ip route add default via ${lan}.1`,
    );
  }

  /** @param rules nft rules for forwarded packets */
  configure(nat: Nat, rules: readonly string[]): void {
    const how = nat === 'symmetric' ? 'masquerade fully-random' : 'masquerade';
    this.#router.shell(
      `nft -f - <<'END'
flush ruleset
table ip home {
  chain translated { type nat hook postrouting priority srcnat; oifname wan ${how}; }
  # A stranger's packet leaves no trace, as with routers that one buys.
  chain incoming { type filter hook input priority filter; iifname wan meta l4proto udp drop; }
  chain passing { type filter hook forward priority filter; ${rules.map((rule) => `${rule};`).join(' ')} }
}
END`,
    );
  }

  close(): void {
    this.host.close();
    this.#router.close();
  }
}

export class Networks {
  readonly #homes: Readonly<Record<PlaceName, Home>>;

  constructor() {
    run([
      'sh',
      '-ec',
      // Packets to an address that does not exist are lost silently, as on the internet: coturn would close the
      // allocation of a client that sends to where there is no route.
      `ip link set lo up; ip addr add ${SERVER_ADDRESS}/32 dev lo
       ip link add nowhere type veth peer name void; ip link set nowhere up; ip link set void up
       ip addr add 192.0.2.1/30 dev nowhere; ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:01 dev nowhere
       ip route add default via 192.0.2.2; echo 1 > /proc/sys/net/ipv4/ip_forward`,
    ]);
    this.#homes = { a: new Home('a', 1), b: new Home('b', 2) };
    this.reset();
  }

  /** The command prefix that runs a command at that home. */
  at(place: PlaceName): readonly string[] {
    return this.#homes[place].host.prefix;
  }

  configure(place: PlaceName, { nat = 'cone', rules = [] }: { nat?: Nat; rules?: readonly string[] }): void {
    this.#homes[place].configure(nat, rules);
  }

  reset(): void {
    for (const place of ['a', 'b'] as const) this.configure(place, {});
  }

  close(): void {
    for (const home of Object.values(this.#homes)) home.close();
  }
}

function run([command, ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command as string, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stderr}`);
}
