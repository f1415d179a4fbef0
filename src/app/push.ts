/** Push mode, when it is on: who may push, and where what was pushed goes. */
import type { Config } from '../config/config.ts';
import type { PushRoute } from '../http/push-route.ts';
import { createPushAuth } from '../pubsub/push-auth.ts';
import { createPushDeliveries } from '../pubsub/push-deliveries.ts';
import { processClock } from './process-clock.ts';

/** Undefined without PUSH_ENABLED. */
export function openPush({ push, pubsub }: Config, projectId: string): PushRoute | undefined {
  if (!push) return undefined;
  return {
    auth: createPushAuth(push),
    deliveries: createPushDeliveries(processClock),
    subscription: `projects/${projectId}/subscriptions/${pubsub.subscription}`,
  };
}
