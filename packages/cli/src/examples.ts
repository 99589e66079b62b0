/** What help begins with, by command. They use agencies of the seed and codes of the scenario. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  "": [
    "lienthong up",
    "lienthong procedure list --with-route",
    "lienthong dossier open H26-250505-9001 --procedure birth-group-nd63 --as hn-wold-00004",
    "lienthong dossier trail H26-250505-9001 --as hn-wold-00004",
  ],
  up: ["lienthong up", "lienthong up --dossiers 1000", "lienthong up --data /srv/lienthong --scenario none"],
  serve: [
    "lienthong serve store",
    "lienthong serve registry",
    "lienthong serve exchange --data /srv/lienthong",
    "lienthong serve ledger --http-port 4390",
  ],
  agency: ["lienthong agency list --name 'truc bach'", "lienthong agency show hn-wold-00004"],
  "agency list": [
    "lienthong agency list --name 'truc bach'",
    "lienthong agency list --level district --on 2025-05-05",
    "lienthong agency list --json",
  ],
  "agency show": ["lienthong agency show hn-wold-00004"],
  "agency request": [
    "lienthong agency request --agency hn-w-00004 --system ba-dinh --out ./ba-dinh",
    "lienthong agency request --agency hn-w-00004 --delegate-to hn-mot-cua --out ./ba-dinh --network HASH",
    "lienthong agency request --agency hn-w-00004 --system ba-dinh-2 --end-delegation ba-dinh --out ./ba-dinh",
  ],
  "agency approve": [
    "lienthong agency approve request.json",
    "lienthong agency approve request.json --registrar-key registrar.pem --fingerprint 7KQ2-M0XD-4T1V-9BCE-JH3Z",
    "lienthong agency approve request.json --registrar-key registrar.pem --lost 5f3a0c11 --doubted-since 2026-11-20T08:00:00+07:00",
  ],
  "agency install": ["lienthong agency install hn-w-00004.approval.json --out ./ba-dinh"],
  "agency rotate": ["lienthong agency rotate --agency hn-w-00004 --out ./ba-dinh"],
  "agency renew": [
    "lienthong agency renew --agency hn-w-00004 --system ba-dinh --out ./ba-dinh",
    "lienthong agency renew --agency hn-w-00004 --system ba-dinh --new-key --out ./ba-dinh",
  ],
  "agency revoke": [
    "lienthong agency revoke 5f3a0c11 --reason compromised --doubted-since 2026-11-20T08:00:00+07:00 --registrar-key registrar.pem",
    "lienthong agency revoke hn-w-00004/ba-dinh --registrar-key registrar.pem",
    "lienthong agency revoke system:ba-dinh --registrar-key registrar.pem",
  ],
  "agency keys": ["lienthong agency keys list --agency hn-w-00004", "lienthong agency keys watch --agency hn-w-00004"],
  "agency keys list": [
    "lienthong agency keys list --agency hn-w-00004",
    "lienthong agency keys list --agency hn-w-00004 --json",
  ],
  "agency keys watch": [
    "lienthong agency keys watch --agency hn-w-00004",
    "lienthong agency keys watch --agency hn-w-00004 --data ./ba-dinh --json",
  ],
  witness: [
    "lienthong witness --data ./witness --name witness.example/hanoi --port 4380 --log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
  ],
  audit: [
    "lienthong audit waiting --as hn-thanhtra",
    "lienthong audit holdings hn-wold-00004 --as hn-thanhtra",
    "lienthong audit times --measure receipt --by to-agency --as hn-thanhtra",
  ],
  "audit trail": ["lienthong audit trail H26-250505-9001 --as hn-thanhtra"],
  "audit holdings": [
    "lienthong audit holdings hn-wold-00004 --as hn-wold-00004",
    "lienthong audit holdings hn-wold-00004 --at 2025-05-06 --as hn-thanhtra",
  ],
  "audit waiting": [
    "lienthong audit waiting --as hn-thanhtra",
    "lienthong audit waiting hn-ca-wold-00004 --longer-than 48 --as hn-thanhtra",
  ],
  "audit handoffs": [
    "lienthong audit handoffs --from 2025-05-05 --until 2025-05-12 --outcome refused --as hn-thanhtra",
    "lienthong audit handoffs --level ward --late --csv --as hn-thanhtra",
  ],
  "audit times": [
    "lienthong audit times --as hn-thanhtra",
    "lienthong audit times --measure held --by step --clock wall --as hn-thanhtra",
  ],
  "audit find": ["lienthong audit find 01970000-0000-7000-8000-000000000001 --as hn-thanhtra"],
  "audit accesses": [
    "lienthong audit accesses --as hn-thanhtra",
    "lienthong audit accesses --by hn-thanhtra --json --as hn-thanhtra",
  ],
  "audit rebuild": ["lienthong audit rebuild", "lienthong audit rebuild --compare"],
  "audit status": ["lienthong audit status", "lienthong audit status --json"],
  shard: ["lienthong shard list", "lienthong shard open hanoi-2027q1 --registrar-key .lienthong/keys/registrar.pem"],
  backup: ["lienthong backup -o ./backup-0505", "lienthong backup check ./backup-0505"],
  "backup make": [
    "lienthong backup make -o ./backup-0505",
    "lienthong backup make -o ./backup-0506 --keys backup.key --data /var/lib/lienthong",
  ],
  "backup check": ["lienthong backup check ./backup-0505"],
  restore: [
    "lienthong restore ./backup-0505 --data ./restored --checkpoint https://mirror.example/hanoi-2026q4/checkpoint",
    "lienthong restore ./backup-0505 --data ./restored --nothing-newer --keys backup.key",
  ],
  ledger: ["lienthong ledger checkpoint", "lienthong ledger fsck"],
  "ledger fsck": ["lienthong ledger fsck", "lienthong ledger fsck registry --json"],
  "ledger repair": ["lienthong ledger repair", "lienthong ledger repair hanoi-2026q4 --data ./restored"],
  "ledger checkpoint": ["lienthong ledger checkpoint", "lienthong ledger checkpoint registry --json"],
  "ledger receipt": [
    "lienthong ledger receipt H26-250505-0001 --as hn-wold-00004",
    "lienthong ledger receipt H26-250505-0001 --event 1 -o opening.tlog-proof --as hn-wold-00004",
  ],
  "shard list": ["lienthong shard list", "lienthong shard list --json"],
  "shard open": [
    "lienthong shard open hanoi-2027q1 --registrar-key .lienthong/keys/registrar.pem",
    "lienthong shard open hanoi-2027q1 --close hanoi-2026q4 --registrar-key .lienthong/keys/registrar.pem",
  ],
  "shard close": ["lienthong shard close hanoi-2026q4 --registrar-key .lienthong/keys/registrar.pem"],
  procedure: ["lienthong procedure list --with-route", "lienthong procedure show birth-group-nd63"],
  "procedure list": ["lienthong procedure list", "lienthong procedure list --with-route --json"],
  "procedure show": ["lienthong procedure show birth-group-nd63", "lienthong procedure show 2.000286"],
  route: ["lienthong route check deploy/seed/routes/birth-group.yaml"],
  "route check": [
    "lienthong route check deploy/seed/routes/birth-group.yaml",
    "lienthong route check deploy/seed/routes/birth-group.yaml --json",
  ],
  dossier: [
    "lienthong dossier open H26-250505-9001 --procedure birth-group-nd63 --as hn-wold-00004",
    "lienthong dossier complete H26-250505-9001 --outcome granted --as hn-wold-00004",
    "lienthong dossier forward H26-250505-9001 --as hn-wold-00004",
  ],
  "dossier open": [
    "lienthong dossier open H26-250505-9001 --procedure birth-group-nd63 --as hn-wold-00004",
    "lienthong dossier open H26-250505-9002 --procedure 2.000286 --area 00004 --channel online --as hn-wold-00004",
    "lienthong dossier open H26-250505-9003 --procedure birth-group-nd63 --applicant applicant.json --as hn-wold-00004",
  ],
  "dossier forward": [
    "lienthong dossier forward H26-250505-9001 --as hn-wold-00004",
    "lienthong dossier forward H26-250505-9002 --edge ward-to-department=hn-so-yt --as hn-wold-00004",
    "lienthong dossier forward H26-250505-9003 --edge district-back-to-ward --as hn-d-001",
  ],
  "dossier acknowledge": ["lienthong dossier acknowledge H26-250505-9001 --branch 0.1 --as hn-ca-wold-00004"],
  "dossier refuse": ["lienthong dossier refuse H26-250505-9001 --branch 0.1 --reason incomplete --as hn-ca-wold-00004"],
  "dossier recall": [
    "lienthong dossier recall H26-250505-9001 --branch 0.1 --reason correction --as hn-wold-00004",
    "lienthong dossier recall H26-250505-9001 --branch 0.1 --agree --as hn-ca-wold-00004",
    "lienthong dossier recall H26-250505-9001 --branch 0.1 --decline work-begun --as hn-ca-wold-00004",
  ],
  "dossier complete": ["lienthong dossier complete H26-250505-9001 --outcome granted --as hn-wold-00004"],
  "dossier join": ["lienthong dossier join H26-250505-9001 --as hn-wold-00004"],
  "dossier consult": [
    "lienthong dossier consult H26-250505-9004 --edge ask-opinions=hn-so-xd --as hn-wold-00004",
    "lienthong dossier consult H26-250505-9004 --edge ask-opinions=hn-so-xd --edge ask-opinions=hn-so-qhkt --lead hn-so-xd --as hn-wold-00004",
  ],
  "dossier supplement": [
    "lienthong dossier supplement H26-250505-9001 --request birth-notice identity-card --until 2025-05-12 --as hn-wold-00004",
    "lienthong dossier supplement H26-250505-9001 --bring --as hn-wold-00004",
  ],
  "dossier pay": [
    "lienthong dossier pay H26-250505-9001 --pause --as hn-wold-00004",
    "lienthong dossier pay H26-250505-9001 --proof receipt.pdf --as hn-wold-00004",
  ],
  "dossier pause": ["lienthong dossier pause H26-250505-9001 --reason other-authority --as hn-wold-00004"],
  "dossier resume": ["lienthong dossier resume H26-250505-9001 --as hn-wold-00004"],
  "dossier extend": [
    "lienthong dossier extend H26-250505-9001 --until 2025-05-20 --reason verification --as hn-wold-00004",
  ],
  "dossier assign": [
    "lienthong dossier assign H26-250505-9001 --unit hn-wold-00004-ho-tich --internal-step 2 --as hn-wold-00004",
  ],
  "dossier return": [
    "lienthong dossier return H26-250505-9001 --outcome granted --channel in-person --as hn-wold-00004",
  ],
  "dossier withdraw": ["lienthong dossier withdraw H26-250505-9001 --as hn-wold-00004"],
  "dossier stop": ["lienthong dossier stop H26-250505-9001 --reason no-supplement --as hn-wold-00004"],
  "dossier erase": ["lienthong dossier erase H26-250505-9001 --reason retention-ended --as hn-wold-00004"],
  "dossier check": [
    "lienthong dossier check H26-250505-9001 --salt form.pdf.H26-250505-9001.salts.json --as hn-wold-00004",
    "lienthong dossier check H26-250505-9001 --salt salts.json --file form.pdf --as hn-wold-00004",
  ],
  "dossier show": ["lienthong dossier show H26-250505-9001 --as hn-wold-00004"],
  verify: [
    "lienthong verify bundle.json",
    "lienthong verify bundle.json --network HASH --policy policy.txt --lang vi",
    "lienthong verify bundle.json --log http://127.0.0.1:7480/hanoi-2026q4 --token TOKEN",
    "lienthong verify promise.json --log http://127.0.0.1:7480/hanoi-2026q4",
  ],
  "dossier bundle": [
    "lienthong dossier bundle H26-250505-9001 -o bundle.json --as hn-wold-00004",
    "lienthong dossier bundle H26-250505-9001 -o newer.json --since bundle.json --as hn-wold-00004",
  ],
  "dossier promise": [
    "lienthong dossier promise H26-250505-9001 -o promise.json --as hn-wold-00004",
    "lienthong dossier promise H26-250505-9001 --outbox ./outbox -o promise.json --as hn-wold-00004",
  ],
  "dossier trail": [
    "lienthong dossier trail H26-250505-9001 --as hn-wold-00004",
    "lienthong dossier trail H26-250505-9001 --as hn-wold-00004 --json",
  ],
  document: [
    "lienthong document put form.pdf --dossier H26-250505-9001 --kind application-form --as hn-wold-00004",
    "lienthong document list --dossier H26-250505-9001 --as hn-wold-00004",
  ],
  "document put": [
    "lienthong document put form.pdf --dossier H26-250505-9001 --kind application-form --as hn-wold-00004",
  ],
  "document get": [
    "lienthong document get 01970000-0000-7000-8000-000000000001 --dossier H26-250505-9001 -o copy.pdf --as hn-wold-00004",
  ],
  "document list": ["lienthong document list --dossier H26-250505-9001 --as hn-wold-00004"],
  completion: [
    "lienthong completion bash > ~/.local/share/bash-completion/completions/lienthong",
    "lienthong completion zsh",
    "lienthong completion fish",
  ],
  inbox: ["lienthong inbox watch --as hn-d-001"],
  "inbox watch": ["lienthong inbox watch --as hn-d-001", "lienthong inbox watch --as hn-d-001 --settle --json"],
};
