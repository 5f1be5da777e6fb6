package founding

import (
	"context"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
)

func document() wire.NewProgramme {
	return wire.NewProgramme{
		Brand: "airline", DisplayName: "Airline Miles", Currency: "GBP", BusinessDate: 20_000, CustodianKey: "first",
		Terms:        terms.Terms{Version: 1, Prose: map[string]string{"en": "A mile a pound."}},
		RelyingParty: &webauthn.RelyingParty{ID: "airline.example", Origins: []string{"https://airline.example"}},
	}
}

// founded is what the ledger makes of the document.
func founded(t *testing.T) points.Programme {
	t.Helper()
	doc := document()
	hash, err := wire.Hash(doc.Terms)
	if err != nil {
		t.Fatal(err)
	}
	parameters := doc.Terms
	parameters.Prose = nil
	return points.Programme{
		V: 1, Brand: doc.Brand, MSP: "AirlineMSP", DisplayName: doc.DisplayName, Currency: doc.Currency, BusinessDate: doc.BusinessDate, Engine: 1,
		Terms: []terms.Terms{parameters}, TermsHashes: []string{hash}, Custodians: []points.CustodianKey{{Version: 1, Key: "first"}}, RelyingParty: *doc.RelyingParty,
	}
}

func TestAProgrammeThatLivesOnIsStillTheOneThatWasFounded(t *testing.T) {
	for name, change := range map[string]func(*points.Programme){
		"nothing":        func(*points.Programme) {},
		"the date moved": func(p *points.Programme) { p.BusinessDate++ },
		"terms were published": func(p *points.Programme) {
			p.Terms, p.TermsHashes = append(p.Terms, terms.Terms{Version: 2}), append(p.TermsHashes, "x")
		},
		"the key was rotated": func(p *points.Programme) {
			p.Custodians = append(p.Custodians, points.CustodianKey{Version: 2, Key: "second"})
		},
		"the key was rotated before": func(p *points.Programme) {
			p.Custodians = []points.CustodianKey{{Version: 1, Key: "zeroth"}, {Version: 2, Key: "first"}}
		},
		"a rule set was published": func(p *points.Programme) { p.RuleSets = []points.Publication{{Version: 1}} },
	} {
		there, doc := founded(t), document()
		change(&there)
		if same, err := sameProgramme(&there, &doc); err != nil || !same {
			t.Errorf("%s: it is taken for another programme (%v)", name, err)
		}
	}
}

func TestAProgrammeOfOtherContentIsNotTakenForTheOwn(t *testing.T) {
	for name, change := range map[string]func(*wire.NewProgramme){
		"brand":        func(d *wire.NewProgramme) { d.Brand = "hotel" },
		"name":         func(d *wire.NewProgramme) { d.DisplayName = "Airline Kilometres" },
		"currency":     func(d *wire.NewProgramme) { d.Currency = "EUR" },
		"simulated":    func(d *wire.NewProgramme) { d.Simulated = true },
		"words":        func(d *wire.NewProgramme) { d.Terms.Prose["en"] = "A mile for two pounds." },
		"parameter":    func(d *wire.NewProgramme) { d.Terms.NoticeDays = 1 },
		"key":          func(d *wire.NewProgramme) { d.CustodianKey = "other" },
		"no passkeys":  func(d *wire.NewProgramme) { d.RelyingParty = nil },
		"other origin": func(d *wire.NewProgramme) { d.RelyingParty.Origins = []string{"https://other.example"} },
		"other domain": func(d *wire.NewProgramme) { d.RelyingParty.ID = "example" },
	} {
		there, doc := founded(t), document()
		change(&doc)
		if same, err := sameProgramme(&there, &doc); err != nil || same {
			t.Errorf("%s: it is taken for the same programme (%v)", name, err)
		}
	}
}

func TestMembersAreRecordedInTheOrderOfTheirNames(t *testing.T) {
	got := membersOf([]config.Member{
		{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand}, {Name: "airline", MSP: "AirlineMSP", Kind: clearing.KindBrand},
		{Name: "regulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator},
	})
	if len(got) != 3 || got[0] != (clearing.Member{Name: "airline", MSP: "AirlineMSP", Kind: clearing.KindBrand}) || got[1].Name != "hotel" || got[2].Kind != clearing.KindRegulator {
		t.Errorf("%+v", got)
	}
}

func TestFoundingGoesOnOnceThePeersKnowOfEachOther(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	unavailable, refused := fault.New(fault.LedgerUnavailable, "no live peer"), fault.New(fault.AlreadyExists, "founded otherwise")
	for name, c := range map[string]struct {
		ctx    context.Context
		errors []error // The calls' outcomes, the last one of every further call.
		calls  int
		code   fault.Code
	}{
		"at once":             {t.Context(), []error{nil}, 1, ""},
		"the third time":      {t.Context(), []error{unavailable, unavailable, nil}, 3, ""},
		"refused":             {t.Context(), []error{unavailable, refused}, 2, fault.AlreadyExists},
		"never":               {t.Context(), []error{unavailable}, bootstrapAttempts, fault.LedgerUnavailable},
		"nobody waits for it": {ended, []error{unavailable}, 1, fault.LedgerUnavailable},
	} {
		calls := 0
		err := reached(c.ctx, 0, func() error {
			calls++
			return c.errors[min(calls, len(c.errors))-1]
		})
		if calls != c.calls || (err == nil) != (c.code == "") || err != nil && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
	}
}
