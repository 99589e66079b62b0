export { createDelivery, type Deliveries, type DeliveryOptions } from "./delivery.ts";
export type { FedEvent } from "./delivery-view.ts";
export type { FirstSettledNotice } from "./first-notices.ts";
