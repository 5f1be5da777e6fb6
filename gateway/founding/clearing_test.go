package founding

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/config"
)

func planned() clearing.Agreement {
	half := quantity.Ratio{Num: 1, Den: 2}
	side := clearing.Side{Offer: clearing.Offer{Acceptance: half, Swap: quantity.Ratio{Num: 0, Den: 1}}, Acceptance: half, Sale: half, Swap: half}
	return clearing.Agreement{
		A: "airline", B: "hotel", Currency: "GBP", Scale: 2, Sides: [2]clearing.Side{side, side}, DisputeWindows: 1,
		Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Half a penny a point."},
	}
}

func TestAgreementIsDatedAndIsStillTheOneThatWasPlanned(t *testing.T) {
	made, again := planned(), planned()
	for i, g := range []*clearing.Agreement{&made, &again} {
		if err := date(g, 1_000+int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if made.Version != 1 || made.From != 1_000 || made.Sides[1].Offer.From != 1_000 || made.Salt == again.Salt {
		t.Errorf("made %+v", made)
	}
	plan := planned()
	if err := sameAgreement(&made, &plan); err != nil {
		t.Errorf("the agreement in force is taken for another one: %v", err)
	}
	if made.From != 1_000 || made.Sides[0].Offer.Version != 1 {
		t.Error("comparing changes what is compared")
	}
	plan.Sides[1].Sale = quantity.Ratio{Num: 1, Den: 3}
	if err := sameAgreement(&made, &plan); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("another price is taken for the same agreement: %v", err)
	}
}

func TestPlannedAgreementIsHeldAgainstTheLedgersRules(t *testing.T) {
	if err := CheckAgreement(planned()); err != nil {
		t.Errorf("a good one: %v", err)
	}
	wordless := planned()
	wordless.Prose = nil
	if err := CheckAgreement(wordless); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("one without words: %v", err)
	}
}

func TestFoundersRegisterTheirKeysAndSignTheClause(t *testing.T) {
	members := []config.Member{
		{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand}, {Name: "airline", MSP: "AirlineMSP", Kind: clearing.KindBrand},
		{Name: "regulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator},
	}
	brands := []Brand{{Config: &config.Config{Member: "hotel", Members: members}, AdminKey: "hotel's"}, {Config: &config.Config{Member: "airline"}, AdminKey: "airline's"}}
	got := founders(brands, &Plan{Novation: "clause"})
	if got[0].Name != "airline" || got[0].AdminKey != "airline's" || got[1].AdminKey != "hotel's" || got[1].Novation != "clause" || got[2].AdminKey+got[2].Novation != "" {
		t.Errorf("%+v", got)
	}
}
