/** The inspector's views of a signaling server that are no lists of machines: its rooms, and the nodes around it. */
import type { ViewMessage, ViewRequest } from '../protocol/index.ts';
import { type NodeViewDeps, nodeView } from './cluster/node-view.ts';
import { RoomViews, type RoomViewsDeps } from './signaling/rooms/room-views.ts';

export interface ViewDeps extends RoomViewsDeps, Omit<NodeViewDeps, 'cluster'> {
  readonly cluster: NodeViewDeps['cluster'] | undefined;
}

export function signalingViews({ cluster, ...deps }: ViewDeps): (request: ViewRequest) => ViewMessage {
  const rooms = new RoomViews(deps);
  return (request) => {
    switch (request.type) {
      case 'rooms':
        return rooms.list(request.query);
      case 'room':
        return rooms.view(request.app, request.room);
      case 'nodes':
        return { type: 'nodes', nodes: cluster ? [nodeView({ cluster, ...deps })] : [] };
    }
  };
}
