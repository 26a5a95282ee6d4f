/** Sets up the admin API. Every node of a cluster answers for the others, whether or not it serves the API itself. */
import type { Clock } from '../../common/clock.ts';
import type { App } from '../http/shell/shell.ts';
import type { ServerOptions } from '../options.ts';
import type { Signaling } from '../signaling/signaling.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Admin, type AdminNodes } from './admin.ts';
import { handlersHere } from './answer-here.ts';
import { addAdminRoutes } from './routes.ts';

export interface ServeAdminDeps {
  readonly signaling: Signaling;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'refused'>;
  /** Undefined for a server that runs alone. */
  readonly nodes: AdminNodes | undefined;
}

export function isAdminServed({ admin, adminToken }: ServerOptions): boolean {
  return admin || adminToken !== undefined;
}

/** @returns a function that adds its routes; undefined if the API is not served */
export function serveAdmin(
  options: ServerOptions,
  { signaling, clock, log, metrics, nodes }: ServeAdminDeps,
): ((app: App) => void) | undefined {
  const { node, basePath, admin: isLocalOpen } = options;
  const admin = new Admin({ node, here: handlersHere({ signaling, clock, node }), nodes, log });
  if (!isAdminServed(options)) return undefined;
  const refused = (kind: string) => metrics.refused.add(kind);
  const token = () => options.adminToken;
  return (app) => addAdminRoutes(app, { admin, token, isLocalOpen, basePath, refused });
}
