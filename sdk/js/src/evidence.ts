export { findingWords, type Finding, type FindingKind } from './evidence/finding';
export { maxKeys, parseKeys, parseVerifier, type Verifier, type Withdrawal } from './evidence/note';
export { askLedger, type Tree } from './evidence/ledger';
export { verifyEvidence, type EvidenceManifest, type EvidenceReport, type VerifyOptions } from './evidence/verify';
