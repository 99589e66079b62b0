export { type ClusterServer, type NatsCluster, startNatsCluster } from "./nats-cluster.ts";
export { type ProxyWay, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
export { dossierCode, startTestBus, TestBus, type TestBusOptions, testAreas } from "./test-bus.ts";
export { type HeldBranch, TestOffice } from "./test-office.ts";
