/** Whether the line to Pub/Sub stands, which an idle stream does not show: its server may send nothing before the first message. */
import type { v1 } from '@google-cloud/pubsub';
import { grpc } from 'google-gax';

/** Reads the state of the client's channel and changes nothing. */
export async function isChannelReady(subscriber: v1.SubscriberClient): Promise<boolean> {
  // The generated client keeps its gRPC client under this name and declares it as a bag of functions.
  const stub = (await subscriber.subscriberStub) as unknown as grpc.Client | undefined;
  return stub?.getChannel().getConnectivityState(false) === grpc.connectivityState.READY;
}
