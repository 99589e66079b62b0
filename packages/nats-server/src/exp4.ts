import { spawn } from "node:child_process";
import { writeFileSync, mkdirSync, rmSync } from "node:fs";
import { headers } from "@nats-io/transport-node";
import { renderEmbeddedConfig } from "./server-config.ts";
import { ensureRoleKeys } from "./role-keys.ts";
import { connectAs } from "./connect-as.ts";
const d = "/tmp/exp/d"; rmSync(d, { recursive: true, force: true }); mkdirSync(d + "/ports", { recursive: true });
const keys = await ensureRoleKeys(d + "/nkeys");
let conf = renderEmbeddedConfig({ serverName: "x", port: 14222, storeDirectory: d + "/js", storeBytesMax: 1e9, memoryStoreBytesMax: 1e8, logFile: d + "/log", pidFile: d + "/pid", portsDirectory: d + "/ports", publicKeys: Object.fromEntries(Object.entries(keys).map(([r, k]) => [r, k.publicKey])) as any });
writeFileSync(d + "/c.conf", conf);
const c = spawn("/work/main/.cache/nats-server/nats-server", ["-c", d + "/c.conf"], { stdio: "inherit" });
await new Promise((r) => setTimeout(r, 800));
const url = "127.0.0.1:14222";
const as = (role: any) => connectAs({ url, role, seedFilePath: (keys as any)[role].seedFilePath, name: role });
const admin = await as("admin"), ex = await as("exchange"), led = await as("ledger");
const req = async (nc: any, s: string, b: unknown = "") => { try { return (await nc.request(s, typeof b === "string" ? b : JSON.stringify(b), { timeout: 800 })).string(); } catch (e) { return String(e); } };
for (const sh of ["a", "b"]) await req(admin, `$JS.API.STREAM.CREATE.EVENTS_${sh}`, { name: `EVENTS_${sh}`, subjects: [`lt.${sh}.event.>`], storage: "file", allow_direct: true, allow_atomic: true });
const { jetstream, jetstreamManager } = await import("/work/main/node_modules/@nats-io/jetstream/lib/mod.js");
const body = new Uint8Array(600);
let id = 0;
async function batch(n: number) { const b = "b" + id++; for (let i = 1; i <= n; i++) { const h = headers(); h.set("Nats-Batch-Id", b); h.set("Nats-Batch-Sequence", String(i)); h.set("Nats-Expected-Last-Subject-Sequence", "0"); const s = `lt.a.event.d${b}x${i}`; if (i < n) ex.publish(s, body, { headers: h }); else { h.set("Nats-Batch-Commit", "1"); const r = JSON.parse((await ex.request(s, body, { headers: h, timeout: 10000 })).string()); if (r.error) throw new Error(JSON.stringify(r)); } } }
for (let round = 0; round < 2; round++) {
let t = Date.now(); for (let i = 0; i < 100; i++) await batch(500); console.log("batch500 msg/s", Math.round(50000 / (Date.now() - t) * 1000));
t = Date.now(); for (let i = 0; i < 200; i++) await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((k) => ex.request(`lt.b.event.q${round}_${i}_${k}`, body))); console.log("plain8 msg/s", Math.round(1600 / (Date.now() - t) * 1000));
for (const [n, nc] of [["ledger", led], ["admin", admin]] as const) {
const cons = await jetstream(nc).consumers.get("EVENTS_a", { filter_subjects: ["lt.a.event.>"] });
t = Date.now(); const it = await cons.consume({ max_messages: 1000 }); let k = 0; for await (const m of it) { void m; if (++k === 50000) break; } console.log(n, "consume msg/s", Math.round(50000 / (Date.now() - t) * 1000));
const jsm = await jetstreamManager(nc); t = Date.now(); for (let i = 0; i < 3000; i++) await jsm.direct.getMessage("EVENTS_a", { seq: i + 1 }); console.log(n, "get/s", Math.round(3000 / (Date.now() - t) * 1000));
}}
console.log("deliver", (await req(led, "$JS.API.CONSUMER.CREATE.EVENTS_a.c2", { stream_name: "EVENTS_a", config: { name: "c2", ack_policy: "none", mem_storage: true, deliver_subject: "lt.b.event.evil3" } })).slice(0, 80)); 
await new Promise((r) => setTimeout(r, 3000));
console.log("push injected?", await req(admin, "$JS.API.STREAM.INFO.EVENTS_b", { subjects_filter: "lt.b.event.evil3" }).then((x) => x.match(/"messages":\d+|evil3":\d+/g)));
await admin.close(); await ex.close(); await led.close(); c.kill();
