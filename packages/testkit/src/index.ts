export { dossierCode, startTestBus, TestBus, type TestBusOptions, testAreas } from "./test-bus.ts";
export { type HeldBranch, TestOffice } from "./test-office.ts";
