export { provideDescriptors } from "@lienthong/contracts/descriptors";
export * from "../src/index.ts";
