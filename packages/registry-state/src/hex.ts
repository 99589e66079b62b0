export { hexOf } from "#hex";
