package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/wire"
)

// What follows deals with personal data: the document is public and says {"v":1} where the matter is private.

// ChangeVault writes entries to the vault and purges others; its document is a wire.PrivateCall, the transient field "vault" a privacy.Change.
func (c *PointsContract) ChangeVault(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnChangeVault, document)
}

// GetVault answers with a privacy.Sealed of a privacy.Found; its document is a wire.PrivateCall, the transient field "vault" a privacy.Lookup.
func (c *PointsContract) GetVault(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetVault, document)
}

// PublishDataPolicy adds a version of the data policy; its document is a wire.NewDataPolicy.
func (c *PointsContract) PublishDataPolicy(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPublishDataPolicy, document)
}

// GetDataPolicy answers with a version of the data policy; its document is a wire.VersionQuery.
func (c *PointsContract) GetDataPolicy(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetDataPolicy, document)
}

// GetDataPolicies answers with a privacy.Policies, the versions that there are; its document is {}.
func (c *PointsContract) GetDataPolicies(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetDataPolicies, document)
}

// RecordConsent records a consent; its document is a wire.NewConsent.
func (c *PointsContract) RecordConsent(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRecordConsent, document)
}

// EndConsent ends a consent; its document is a wire.ConsentEnd.
func (c *PointsContract) EndConsent(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnEndConsent, document)
}

// GetConsent answers with a consent's public record; its document is a wire.ConsentQuery.
func (c *PointsContract) GetConsent(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetConsent, document)
}

// ShareEntries copies entries to a grantee; its document is a wire.PrivateCall, the transient field "share" a privacy.Share.
func (c *PointsContract) ShareEntries(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnShareEntries, document)
}

// Unshare purges a grantee's copies; its document is a wire.PrivateCall, the transient field "share" a privacy.Unshare.
func (c *PointsContract) Unshare(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnUnshare, document)
}

// GetShared answers with a privacy.Sealed of a privacy.Shared; its document is a wire.PrivateCall, the transient field "share" a privacy.SharedLookup.
func (c *PointsContract) GetShared(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetShared, document)
}

// RecordErasures records evidence of erasures; its document is a wire.NewErasures.
func (c *PointsContract) RecordErasures(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRecordErasures, document)
}

// GetErasures answers with evidence of erasures; its document is a wire.ErasuresQuery.
func (c *PointsContract) GetErasures(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetErasures, document)
}
