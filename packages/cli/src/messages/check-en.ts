/** What is said about commitments: at the desk, and when the bus's copies go. */
export const checkEn = {
  help: {
    check: "compare a document or the applicant with what the trail commits to; works after erasure, too",
    salt: "salts as 'document put' or 'dossier open --applicant' kept them beside the file",
    file: "the document; by default the file beside which the salts lie",
    applicant: "JSON file with the applicant to commit to: kind, identity, name, born; stays with you",
  },
  noSalts: (path: string) =>
    `${path} holds no salts; give the file that 'document put' or 'dossier open --applicant' kept: FILE.CODE.salts.json.`,
  fileMissing: (path: string) =>
    `${path} does not lie beside its document under the name FILE.CODE.salts.json; say which document is meant with --file FILE.`,
  noApplicant: (path: string) =>
    `${path} describes no applicant; it must be a JSON object with the texts "kind" (citizen, foreigner or organisation), "identity", "name" and "born".`,
  applicantRefused: (path: string, field: string) =>
    `The "${field}" in ${path} cannot be committed to; see what it may be in docs/signed-bytes.md, "The applicant".`,
  applicantKept: (path: string) => `Keep ${path}: with its salt you can prove later who applied.`,
  documentHolds: (path: string, kind: string, event: string, dossier: string, agency: string) =>
    `${path} is the document (${kind}) that ${agency} committed to in event ${event} of ${dossier}.`,
  applicantHolds: (event: string, dossier: string, agency: string) =>
    `This is the applicant that ${agency} committed to in event ${event} of ${dossier}.`,
  differs: (event: string, dossier: string) =>
    `This is not what event ${event} of ${dossier} commits to: the content, its kind or the salt is another.`,
  notCommitted: (dossier: string) => `No event of ${dossier} that you may read commits to this.`,
  someWithheld: (events: number, agency: string) =>
    events === 1 ? `1 event is withheld from ${agency}.` : `${events} events are withheld from ${agency}.`,
  chainBroken: (event: string) =>
    `The trail does not hold at event ${event}, so nothing can be compared with it. Look at it with: lienthong dossier trail`,
  erased: (documents: number) =>
    `The bus's copies are gone: ${documents === 1 ? "1 document" : `${documents} documents`} with their salts. Offices that fetched them keep their own; so do you.`,
  nothingToErase:
    "The bus has no document of this dossier that was meant. Salts and files that you keep are untouched.",
  stillErasing: (ids: string) =>
    `The document service has not yet erased ${ids}; it goes on by itself. Look again with: lienthong document list`,
};
