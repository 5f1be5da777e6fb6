// Package stubtest is a Fabric channel in memory, for tests of contracts. It keeps what a peer's semantics mean for a contract: committed state with versions and no
// reading of own writes; read and write sets compared byte for byte between endorsing peers and checked again at commit (MVCC_READ_CONFLICT,
// PHANTOM_READ_CONFLICT, ENDORSEMENT_POLICY_FAILURE); private collections whose hashes everybody sees and whose values only members hold; one event per transaction;
// called chaincodes within the caller's transaction; signed proposals by creators with real certificates and Fabric CA attributes.
//
// What Fabric has and no contract of ours uses (pagination, rich queries, history, key-level policies) answers with an explicit error.
// It imports nothing of this module; only tests import it.
package stubtest
