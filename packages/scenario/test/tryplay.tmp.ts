import { startPlayedBus } from "/work/main/packages/scenario/test/played-bus.ts";
const t0=performance.now();
const bus = await startPlayedBus();
const ex: any = bus.bus.replicas[0]!.exchange; const clk = ex.clock; let adv=0; let advs: number[]=[];

console.log("bus up", performance.now()-t0);
try {
const s = await bus.play({ dossiers: Number(process.argv[2] ?? 20), seed: 7, slotMinutes: Number(process.argv[3] ?? 30), clock: clk, advanceClock: async (to) => { const a=performance.now(); await ex.advanceClock(to); const d=performance.now()-a; adv+=d; advs.push(d); }, onProgress: (p) => { if (Math.random()<0.02 || p.phase!=="playing") console.log(p.phase, p.dossiersOpened, p.dossiersFinished, p.statements, p.handoffs, new Date(Number(p.simulatedNow.seconds)*1000).toISOString()); } });
console.log(s.totals, 'advance total', adv, 'first100', advs.slice(0,100).reduce((a,b)=>a+b,0)/100, 'last100', advs.slice(-100).reduce((a,b)=>a+b,0)/100);
} finally { await bus.stop(); }
