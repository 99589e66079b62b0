/** What help begins with, by command. They use agencies of the seed and codes of the scenario. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  "": [
    "lienthong up",
    "lienthong procedure list --with-route",
    "lienthong dossier trail H26-250505-0001 --as hn-wold-09697",
    "lienthong inbox watch --as hn-d-001",
  ],
  up: ["lienthong up", "lienthong up --dossiers 1000", "lienthong up --data /srv/lienthong --scenario none"],
  serve: ["lienthong serve store", "lienthong serve registry", "lienthong serve exchange --data /srv/lienthong"],
  agency: ["lienthong agency list --name 'truc bach'", "lienthong agency show hn-wold-00004"],
  "agency list": [
    "lienthong agency list --name 'truc bach'",
    "lienthong agency list --level district --on 2025-05-05",
    "lienthong agency list --json",
  ],
  "agency show": ["lienthong agency show hn-wold-00004"],
  procedure: ["lienthong procedure list --with-route", "lienthong procedure show birth-group-nd63"],
  "procedure list": ["lienthong procedure list", "lienthong procedure list --with-route --json"],
  "procedure show": ["lienthong procedure show birth-group-nd63", "lienthong procedure show 2.000286"],
  route: ["lienthong route check deploy/seed/routes/birth-group.yaml"],
  "route check": [
    "lienthong route check deploy/seed/routes/birth-group.yaml",
    "lienthong route check my-route.yaml --json",
  ],
  dossier: [
    "lienthong dossier open H26-250505-9001 --procedure birth-group-nd63 --as hn-wold-00004",
    "lienthong dossier complete H26-250505-9001 --outcome granted --as hn-wold-00004",
    "lienthong dossier forward H26-250505-9001 --as hn-wold-00004",
    "lienthong dossier acknowledge H26-250505-9001 --branch 0.1 --as hn-ca-wold-00004",
    "lienthong dossier trail H26-250505-9001 --as hn-wold-00004",
  ],
  "dossier open": [
    "lienthong dossier open H26-250505-9001 --procedure birth-group-nd63 --as hn-wold-00004",
    "lienthong dossier open H26-250505-9002 --procedure 2.000286 --area 00004 --channel online --as hn-wold-00004",
  ],
  "dossier forward": [
    "lienthong dossier forward H26-250505-9001 --as hn-wold-00004",
    "lienthong dossier forward H26-250505-9001 --branch 0.1 --edge residence-to-ward --as hn-ca-wold-00004",
    "lienthong dossier forward H26-250505-9002 --edge ward-to-department --to hn-so-yt --as hn-wold-00004",
  ],
  "dossier acknowledge": ["lienthong dossier acknowledge H26-250505-9001 --branch 0.1 --as hn-ca-wold-00004"],
  "dossier refuse": ["lienthong dossier refuse H26-250505-9001 --branch 0.1 --reason incomplete --as hn-ca-wold-00004"],
  "dossier complete": ["lienthong dossier complete H26-250505-9001 --outcome granted --as hn-wold-00004"],
  "dossier join": ["lienthong dossier join H26-250505-9001 --as hn-wold-00004"],
  "dossier return": [
    "lienthong dossier return H26-250505-9001 --outcome granted --channel in-person --as hn-wold-00004",
  ],
  "dossier show": ["lienthong dossier show H26-250505-0001 --as hn-wold-09697"],
  "dossier trail": [
    "lienthong dossier trail H26-250505-0001 --as hn-wold-09697",
    "lienthong dossier trail H26-250505-0001 --as hn-wold-09697 --json",
  ],
  inbox: ["lienthong inbox watch --as hn-d-001"],
  "inbox watch": ["lienthong inbox watch --as hn-d-001", "lienthong inbox watch --as hn-d-001 --settle --json"],
};
