package contract

import (
	"log/slog"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// PointsContract is one brand's points. Each function takes one JSON document, whose type stands in package wire, and answers with JSON.
type PointsContract struct {
	contractapi.Contract
	adapter adapter
}

func newPointsContract(log *slog.Logger) *PointsContract {
	c := &PointsContract{adapter: adapter{run: engine.Points, programs: new(rules.Cache), log: log}}
	c.Name, c.Info.Title, c.Info.Version = "points", "Points of one programme", "1"
	return c
}

// GetEvaluateTransactions names the queries for the contract API's metadata.
func (c *PointsContract) GetEvaluateTransactions() []string {
	return []string{
		wire.FnGetProgramme, wire.FnGetAccount, wire.FnGetLanes, wire.FnGetBatch, wire.FnGetReversal,
		wire.FnGetTerms, wire.FnGetRuleSet, wire.FnGetPrices, wire.FnGetShop, wire.FnGetApproval, wire.FnQuote, wire.FnGetExisting, wire.FnGetPartner, wire.FnPreviewExchange,
		wire.FnGetVault, wire.FnGetDataPolicy, wire.FnGetDataPolicies, wire.FnGetConsent, wire.FnGetShared, wire.FnGetErasures,
		wire.FnGetFreeze, wire.FnGetObjection,
	}
}

// CreateProgramme founds the programme; its document is a wire.NewProgramme.
func (c *PointsContract) CreateProgramme(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnCreateProgramme, document)
}

// AdvanceBusinessDate moves the business date forward; its document is a wire.BusinessDate.
func (c *PointsContract) AdvanceBusinessDate(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnAdvanceBusinessDate, document)
}

// SubmitBatch applies one pinned batch; its document is a wire.BatchRequest, the transient field "details" a wire.BatchDetails.
func (c *PointsContract) SubmitBatch(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnSubmitBatch, document)
}

// PublishTerms adds a version of the terms; its document is a wire.NewTerms.
func (c *PointsContract) PublishTerms(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPublishTerms, document)
}

// PublishRuleSet adds a version of the rule set; its document is a wire.NewRuleSet.
func (c *PointsContract) PublishRuleSet(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPublishRuleSet, document)
}

// PublishPrices adds a version of the price list; its document is a wire.NewPrices.
func (c *PointsContract) PublishPrices(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPublishPrices, document)
}

// RotateCustodian adds a version of the custodian's key; its document is a wire.NewCustodian.
func (c *PointsContract) RotateCustodian(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnRotateCustodian, document)
}

// Administer brings the programme in line with what the brands voted on its issuer; its document is {}.
func (c *PointsContract) Administer(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnAdminister, document)
}

// ActivateEngine makes a newer version of the behaviour the programme's; its document is a wire.EngineActivation.
func (c *PointsContract) ActivateEngine(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnActivateEngine, document)
}

// PutShop registers a sponsored shop or changes one; its document is a wire.NewShop.
func (c *PointsContract) PutShop(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPutShop, document)
}

// Approve records another brand's consent to one operation; its document is a wire.Consent.
func (c *PointsContract) Approve(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnApprove, document)
}

// GetProgramme answers with the programme's record; its document is {}.
func (c *PointsContract) GetProgramme(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetProgramme, document)
}

// GetAccount answers with an account's record; its document is a wire.AccountQuery.
func (c *PointsContract) GetAccount(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetAccount, document)
}

// GetLanes answers with a range of a submitter's lanes; its document is a wire.LanesQuery.
func (c *PointsContract) GetLanes(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetLanes, document)
}

// GetBatch answers with what is kept of a batch; its document is a wire.BatchQuery.
func (c *PointsContract) GetBatch(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetBatch, document)
}

// GetReversal answers with what has been taken back of an accrual; its document is a wire.ReversalQuery.
func (c *PointsContract) GetReversal(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetReversal, document)
}

// GetTerms answers with a version of the terms, words included; its document is a wire.VersionQuery.
func (c *PointsContract) GetTerms(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetTerms, document)
}

// GetRuleSet answers with a version of the rule set; its document is a wire.VersionQuery.
func (c *PointsContract) GetRuleSet(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetRuleSet, document)
}

// GetPrices answers with a version of the price list; its document is a wire.VersionQuery.
func (c *PointsContract) GetPrices(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPrices, document)
}

// GetShop answers with a sponsored shop; its document is a wire.ShopQuery.
func (c *PointsContract) GetShop(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetShop, document)
}

// GetApproval answers with another brand's consent to an operation; its document is a wire.ApprovalQuery.
func (c *PointsContract) GetApproval(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetApproval, document)
}

// Quote answers with what an operation would cost or award; its document is a wire.QuoteQuery, the transient field "details" a wire.BatchDetails of one.
func (c *PointsContract) Quote(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnQuote, document)
}

// ApplyExchange applies a cross-brand batch to this programme, for clearing alone; its document is a wire.ExchangeCall.
func (c *PointsContract) ApplyExchange(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnApplyExchange, document)
}

// Deposit credits what swaps bring, for clearing alone; its document is a wire.DepositCall.
func (c *PointsContract) Deposit(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnDeposit, document)
}

// PutOffer publishes what the programme's customers get at another brand, for clearing alone; its document is a wire.OfferCall.
func (c *PointsContract) PutOffer(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.submit(ctx, wire.FnPutOffer, document)
}

// PreviewExchange answers with what a cross-brand operation would do to this programme, for clearing alone; its document is a wire.ExchangeCall.
func (c *PointsContract) PreviewExchange(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnPreviewExchange, document)
}

// GetExisting says which of the named accounts exist; its document is a wire.ExistingQuery.
func (c *PointsContract) GetExisting(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetExisting, document)
}

// GetPartner answers with what the programme's customers get at another brand; its document is a wire.PartnerQuery.
func (c *PointsContract) GetPartner(ctx contractapi.TransactionContextInterface, document string) (string, error) {
	return c.adapter.evaluate(ctx, wire.FnGetPartner, document)
}
