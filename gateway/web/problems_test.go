package web

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// notForCustomers are the codes that no route of the wallet gives, by who gets them.
var notForCustomers = map[string][]fault.Code{
	"it is no refusal": {fault.OK},
	"members' systems, by the form of what they send to a contract": {
		fault.UnknownFunction, fault.ArgumentCount, fault.WrongEntryPoint, fault.ClockSkew, fault.LaneSequence, fault.NotFounded, fault.DetailsMismatch, fault.TransientMissing,
		fault.ProposalMismatch,
	},
	"operators": {fault.DateNotAllowed, fault.NoticeTooShort, fault.RuleInvalid, fault.ApprovalMissing, fault.ApprovalUsed, fault.CertificateInvalid, fault.NothingDue, fault.KeyExposed},
	"staff who read and write customers' data": {fault.PurposeUnknown},
	"compliance": {fault.FreezePeriod, fault.FreezeUndecided, fault.FreezeLimit, fault.AccountNotFrozen},
	"treasurers and the clearing": {
		fault.WindowOrder, fault.WindowStatus, fault.ProposalClosed, fault.CapExceeded, fault.SignatureRefused, fault.ReserveStale, fault.NetMismatch, fault.PositionMismatch,
		fault.DisputeLate, fault.DisputeLimit, fault.DisputeClosed, fault.LegStatus, fault.LegExceeds, fault.NotSettled, fault.ClearingMismatch,
	},
	"tills: a purchase, its return, a hold's capture, a referral, a claim": {
		fault.OutOfPeriod, fault.ReceiptInvalid, fault.ReceiptNotReturnable, fault.ReturnExceeds, fault.ReturnUnreferenced, fault.ReturnLate, fault.ReturnUndisclosed,
		fault.CaptureExceeds, fault.ReceiptClaimed, fault.SelfReferral, fault.InboxUnknown,
	},
	"the audit": {fault.StateCorrupt, fault.StatementMismatch, fault.LedgerMismatch, fault.CheckpointMismatch, fault.BlockInvalid, fault.SignatureInvalid, fault.ReportIncomplete},
}

func TestEveryCodeThatACustomerCanMeetHasWordsInEveryLanguage(t *testing.T) {
	c, err := loadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	excused := map[fault.Code]string{}
	for who, codes := range notForCustomers {
		for _, code := range codes {
			if !fault.Known(code) || excused[code] != "" {
				t.Errorf("%s is excused twice, or is no code", code)
			}
			excused[code] = who
		}
	}
	for _, e := range fault.Catalogue() {
		texts := c["problem."+string(e.Code)]
		if (texts != nil) == (excused[e.Code] != "") {
			t.Errorf("%s has words: %v; excused as %q", e.Code, texts != nil, excused[e.Code])
		}
		for _, l := range Languages {
			if texts != nil && (texts[l] == e.Meaning || strings.Contains(texts[l], string(e.Code))) {
				t.Errorf("%s in %s is a developer's sentence: %s", e.Code, l, texts[l])
			}
		}
	}
	own := []string{"unknown", "busy", "OFFLINE", "WALLET_KEY"} // What the pages themselves say.
	for key := range c {
		code, is := strings.CutPrefix(key, "problem.")
		if is && !fault.Known(fault.Code(code)) && !slices.Contains(own, code) {
			t.Errorf("%s is no code's", key)
		}
	}
	for _, l := range Languages {
		if !strings.Contains(c["problem.unknown"][l], "{code}") {
			t.Errorf("what is said of an unknown code in %s doesn't name it", l)
		}
	}
}
