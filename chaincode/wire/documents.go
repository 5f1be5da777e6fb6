package wire

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// Limits of documents.
const (
	MaxBatch         = 500       // Operations in one batch.
	MaxDocument      = 4 << 20   // Bytes of one chaincode argument.
	MaxDetails       = 2 << 20   // Bytes of the private details of one batch.
	MaxLane          = 4095      // Highest lane number of a submitter.
	SaltLength       = 64        // Hex digits of a salt: 32 fresh random bytes.
	DetailsTransient = "details" // Name of the transient field.
)

// EventBatch is the name of the chaincode event of SubmitBatch; its payload is a BatchEvent.
const EventBatch = "batch"

// BatchRequest is the document of SubmitBatch: the operations of one pinned batch, in order. An empty batch only advances the lane (a fence).
type BatchRequest struct {
	Lane       int                `json:"lane"`
	Seq        int64              `json:"seq"` // Last sequence number of the lane + 1.
	Operations []points.Operation `json:"operations"`
}

// Validate returns TOO_LARGE, INVALID_VALUE or OUT_OF_RANGE when the document is over a limit or an operation has the wrong form.
func (b *BatchRequest) Validate() error {
	if b.Lane < 0 || b.Lane > MaxLane || b.Seq < 1 {
		return fault.New(fault.InvalidValue, "lane must lie between 0 and %d, seq must be 1 or more", MaxLane)
	}
	if len(b.Operations) > MaxBatch {
		return fault.New(fault.TooLarge, "a batch has at most %d operations", MaxBatch)
	}
	seen := make(map[points.OperationID]bool, len(b.Operations))
	for i := range b.Operations {
		o := &b.Operations[i]
		if err := o.Validate(); err != nil {
			return err
		}
		if seen[o.ID] {
			return fault.New(fault.InvalidValue, "operation %s is in the batch twice", o.ID)
		}
		seen[o.ID] = true
	}
	return nil
}

// BatchDetails are the private details of a batch, one per operation in the same order: the transient field and, byte for byte, the private value.
type BatchDetails struct {
	V          int              `json:"v"` // Document version, 1.
	Salt       string           `json:"salt"`
	Operations []points.Details `json:"operations"`
}

// BatchEvent is the public record of a batch. Every peer and client sees it.
type BatchEvent struct {
	V        int              `json:"v"` // Document version, 1.
	MSP      string           `json:"msp"`
	Lane     int              `json:"lane"`
	Seq      int64            `json:"seq"`
	Root     string           `json:"root"`
	Receipts []points.Receipt `json:"receipts"`
}

// BatchResult is what SubmitBatch returns.
type BatchResult struct {
	Root     string `json:"root"`
	Count    int    `json:"count"`
	Rejected int    `json:"rejected"`
}

// NewProgramme is the document of CreateProgramme; issuer and channel are the chaincode's to fill in.
type NewProgramme struct {
	Brand        string                 `json:"brand"`
	DisplayName  string                 `json:"displayName"`
	Currency     string                 `json:"currency"`
	Simulated    bool                   `json:"simulated"`
	BusinessDate quantity.Day           `json:"businessDate"`
	Terms        terms.Terms            `json:"terms"`
	CustodianKey string                 `json:"custodianKey"`
	RelyingParty *webauthn.RelyingParty `json:"relyingParty,omitempty"` // For whom passkeys are made; left out when the programme takes none.
	Engine       int                    `json:"engine,omitzero"`        // Version of the behaviour that it starts with; left out for the first.
}

// EngineActivation is the document of ActivateEngine: a newer version of the behaviour.
type EngineActivation struct {
	Engine int `json:"engine"`
}

// Documents that publish versions; each is the document itself.
type (
	// NewTerms is the document of PublishTerms.
	NewTerms = terms.Terms
	// NewRuleSet is the document of PublishRuleSet.
	NewRuleSet = rules.Set
	// NewPrices is the document of PublishPrices.
	NewPrices = terms.PriceList
)

// Published is what PublishTerms, PublishRuleSet and PublishPrices return: the version, and the hash that names its document.
type Published = points.Publication

// NewCustodian is the document of RotateCustodian: the next version of the custodian's key. Older versions stay good for the mandates that name them until they lapse.
type NewCustodian struct {
	Key string `json:"key"` // Uncompressed P-256 point, base64url without padding.
}

// NewShop is the document of PutShop: a new shop, or new limits or another status for one that is there.
type NewShop struct {
	ID           string            `json:"id"`
	DisplayName  string            `json:"displayName"`
	Sponsor      string            `json:"sponsor"` // MSP id.
	Status       points.ShopStatus `json:"status"`
	AwardPerDay  quantity.Points   `json:"awardPerDay"`
	AcceptPerDay quantity.Points   `json:"acceptPerDay"`
}

// Consent is the document of Approve: the whole operation, so that everybody can read what was approved.
type Consent struct {
	Operation points.Operation `json:"operation"`
}

// BusinessDate is the document of AdvanceBusinessDate.
type BusinessDate struct {
	Date quantity.Day `json:"date"`
}

// Founding is the document of clearing's Found.
type Founding = clearing.Consortium

// Lookups of single records.
type (
	// Nothing is the document of a query without parameters: {}.
	Nothing struct{}
	// AccountQuery is the document of GetAccount.
	AccountQuery struct {
		Account points.AccountID `json:"account"`
	}
	// LanesQuery is the document of GetLanes: lanes First to First+Count-1 of a submitter.
	LanesQuery struct {
		MSP   string `json:"msp"`
		First int    `json:"first"`
		Count int    `json:"count"` // 1 to MaxLanesPerQuery.
	}
	// BatchQuery is the document of GetBatch.
	BatchQuery struct {
		MSP  string `json:"msp"`
		Lane int    `json:"lane"`
		Seq  int64  `json:"seq"`
	}
	// ReversalQuery is the document of GetReversal.
	ReversalQuery struct {
		Operation points.OperationID `json:"operation"`
	}
	// VersionQuery is the document of GetTerms, GetRuleSet and GetPrices.
	VersionQuery struct {
		Version int `json:"version"`
	}
	// ShopQuery is the document of GetShop.
	ShopQuery struct {
		ID string `json:"id"`
	}
	// ApprovalQuery is the document of GetApproval.
	ApprovalQuery struct {
		Operation points.OperationID `json:"operation"`
	}
	// QuoteQuery is the document of Quote; the operation's details are in the transient field, as those of a batch of one. A redemption or a hold without points is
	// quoted at the price of what its details name.
	QuoteQuery struct {
		Lane      int              `json:"lane"` // Whose slice of campaign budgets counts.
		Operation points.Operation `json:"operation"`
	}
	// MemberQuery is the document of GetMember.
	MemberQuery struct {
		Name string `json:"name"`
	}
)

// QuoteResult is what Quote returns. Nothing is changed by it.
type QuoteResult struct {
	Quote   points.Quote   `json:"quote"`
	Hash    string         `json:"hash"`    // Of the quote, for a mandate.
	Receipt points.Receipt `json:"receipt"` // As it would be given now, and as if the controller had signed where that is needed.
}

// MaxLanesPerQuery bounds GetLanes.
const MaxLanesPerQuery = 256

// Functions of the chaincodes, by their exact names.
const (
	FnCreateProgramme     = "CreateProgramme"
	FnAdvanceBusinessDate = "AdvanceBusinessDate"
	FnSubmitBatch         = "SubmitBatch"
	FnGetProgramme        = "GetProgramme"
	FnGetAccount          = "GetAccount"
	FnGetLanes            = "GetLanes"
	FnGetBatch            = "GetBatch"
	FnGetReversal         = "GetReversal"
	FnPublishTerms        = "PublishTerms"
	FnPublishRuleSet      = "PublishRuleSet"
	FnPublishPrices       = "PublishPrices"
	FnRotateCustodian     = "RotateCustodian"
	FnAdminister          = "Administer"
	FnActivateEngine      = "ActivateEngine"
	FnPutShop             = "PutShop"
	FnApprove             = "Approve"
	FnGetTerms            = "GetTerms"
	FnGetRuleSet          = "GetRuleSet"
	FnGetPrices           = "GetPrices"
	FnGetShop             = "GetShop"
	FnGetApproval         = "GetApproval"
	FnQuote               = "Quote"
	FnFound               = "Found"
	FnGetConsortium       = "GetConsortium"
	FnGetMember           = "GetMember"
)
