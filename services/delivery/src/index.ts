export { createDelivery, type Deliveries, type DeliveryOptions } from "./delivery.ts";
export { deliveryService } from "./delivery-service.ts";
export type { FedEvent } from "./delivery-view.ts";
export type { FirstSettledNotice } from "./first-notices.ts";
export { ServedDeliveries } from "./served-deliveries.ts";
