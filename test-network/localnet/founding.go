package localnet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/founding"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// firstTerms is the version of a programme's first terms.
const firstTerms = 1

// Found records the members in clearing and each brand's programme in its points chaincode, as the brands' operators.
func Found(ctx context.Context, c *Consortium) error {
	var brands []founding.Brand
	for _, member := range c.Membership.Brands() {
		brand, err := foundingOf(c, member, time.Now())
		if err != nil {
			return failure.Wrap(failure.FoundingFailed, err, "programme of %s", member.Name)
		}
		brands = append(brands, brand)
	}
	plan, err := planOf(c.Membership)
	if err != nil {
		return err
	}
	if err := founding.Bootstrap(ctx, brands, plan); err != nil {
		return failure.Wrap(failure.FoundingFailed, err, "the consortium can't be founded")
	}
	return nil
}

// foundingOf gives a brand's part in founding.
func foundingOf(c *Consortium, member membership.Member, now time.Time) (founding.Brand, error) {
	settings, err := config.Load(nodeconfig.GatewayFiles(c.Dir, member.Name).Config, nil)
	if err != nil {
		return founding.Brand{}, err
	}
	programme, err := programmeOf(member, now)
	if err != nil {
		return founding.Brand{}, err
	}
	policy, err := firstPolicyOf(member.Programme, programme.BusinessDate)
	if err != nil {
		return founding.Brand{}, err
	}
	if programme.RelyingParty == nil {
		programme.RelyingParty = &webauthn.RelyingParty{ID: nodeconfig.WalletHost, Origins: []string{nodeconfig.WalletOrigin(c.Membership, member.Name)}}
	}
	key, err := publicKeyIn(c.Dir.AdministratorKey(member.Name))
	return founding.Brand{Config: settings, Programme: programme, DataPolicy: policy, AdminKey: key}, err
}

// programmeOf gives a brand's founding document; founding adds the custodian's key. A programme that names no first business
// day starts on the day of now, in UTC.
func programmeOf(member membership.Member, now time.Time) (wire.NewProgramme, error) {
	programme := member.Programme
	day := quantity.DayOf(now.Unix())
	if programme.BusinessDate != "" {
		named, err := quantity.ParseDay(programme.BusinessDate)
		if err != nil {
			return wire.NewProgramme{}, err
		}
		day = named
	}
	if programme.Engine < 0 || programme.Engine > points.EngineVersion {
		return wire.NewProgramme{}, fault.New(fault.OutOfRange, "engine %d: want 1 to %d, or none for the newest", programme.Engine, points.EngineVersion)
	}
	first, err := firstTermsOf(programme)
	if err != nil {
		return wire.NewProgramme{}, err
	}
	document := wire.NewProgramme{
		Brand:        member.Name,
		DisplayName:  programme.DisplayName,
		Currency:     programme.Currency,
		Simulated:    programme.Simulated,
		BusinessDate: day,
		Terms:        first,
		Engine:       cmp.Or(programme.Engine, points.EngineVersion),
	}
	if rp := programme.RelyingParty; rp != nil {
		document.RelyingParty = &webauthn.RelyingParty{ID: rp.ID, Origins: rp.Origins}
	}
	return document, nil
}

// checkFounding says before anything is started whether founding would take the programmes' terms, and what is planned between
// the brands.
func checkFounding(m *membership.Membership) error {
	for _, member := range m.Brands() {
		document, err := programmeOf(member, time.Now())
		if err == nil {
			err = terms.AdmitNext(nil, &document.Terms, document.BusinessDate)
		}
		if err == nil && document.RelyingParty != nil {
			err = document.RelyingParty.Validate()
		}
		if err == nil {
			_, err = firstPolicyOf(member.Programme, document.BusinessDate)
		}
		if err != nil {
			return failure.Wrap(failure.MembershipInvalid, err, "member %s: programme", member.Name)
		}
	}
	_, err := planOf(m)
	return err
}

// Parameters of the first terms that a membership file doesn't name.
const (
	holdMaxSeconds      = 24 * 3600     // A till's hold.
	recoveryWaitSeconds = 3 * 24 * 3600 // For the old key's veto.
	coolingOffSeconds   = 24 * 3600
	noticeDays          = 30
	transfersPerDay     = 10_000 // Points that a customer may give away on one business date.
	acceptDays          = 14     // For the receiver to take them.
)

// firstTermsOf are in force from the beginning, whatever day the programme starts on: what the membership file says in full, or plain ones at its rate.
func firstTermsOf(p *membership.Programme) (terms.Terms, error) {
	if p.Terms == nil {
		return plainTerms(p), nil
	}
	first := terms.Terms{Version: firstTerms}
	raw, err := json.Marshal(p.Terms)
	if err != nil {
		return first, err
	}
	return first, wire.Decode(raw, wire.MaxDocument, &first)
}

func plainTerms(p *membership.Programme) terms.Terms {
	return terms.Terms{
		Version:             firstTerms,
		Prose:               prose(p),
		Rate:                quantity.Ratio{Num: p.Rate.Points, Den: p.Rate.PerMinor},
		MaxReceiptAgeDays:   p.MaxReceiptAgeDays,
		UnreferencedReturns: p.UnreferencedReturns,
		Expiry:              lots.Expiry{Kind: lots.Never},
		Value:               quantity.Ratio{Num: 1, Den: 1},
		NoticeDays:          noticeDays,
		Transfers:           terms.Transfers{Customer: true, Gift: true, DailyLimit: transfersPerDay, AcceptDays: acceptDays},
		HoldMaxSeconds:      holdMaxSeconds,
		RecoveryWaitSeconds: recoveryWaitSeconds,
		CoolingOffSeconds:   coolingOffSeconds,
	}
}

// prose says the terms to a customer, in English, German and Chinese.
func prose(p *membership.Programme) map[string]string {
	en, de, zh := "A return needs its receipt.", "Eine Rückgabe braucht ihren Beleg.", "退货须出示收据。"
	if p.UnreferencedReturns {
		en = "A return without its receipt is taken when you agree to it."
		de = "Eine Rückgabe ohne Beleg wird angenommen, wenn Sie ihr zustimmen."
		zh = "如您同意，无收据的退货也可受理。"
	}
	return map[string]string{
		"en": fmt.Sprintf("%s: you earn %d of them for every %d minor units of %s on a receipt, rounded down. Receipts count up to %d days after the purchase. "+
			"What you earned on goods that you return is taken back. %s Points don't expire. You can give up to %d a day to others, who have %d days to take them. "+
			"What makes them worth less is announced %d days before.",
			p.DisplayName, p.Rate.Points, p.Rate.PerMinor, p.Currency, p.MaxReceiptAgeDays, en, transfersPerDay, acceptDays, noticeDays),
		"de": fmt.Sprintf("%s: Sie erhalten %d Punkt(e) je %d kleinste Einheiten (%s) eines Belegs, abgerundet. Belege zählen bis %d Tage nach dem Kauf. "+
			"Was Sie für zurückgegebene Ware erhalten haben, wird zurückgenommen. %s Punkte verfallen nicht. Bis zu %d am Tag können Sie anderen geben, die %d Tage haben, sie anzunehmen. "+
			"Was sie entwertet, wird %d Tage vorher angekündigt.",
			p.DisplayName, p.Rate.Points, p.Rate.PerMinor, p.Currency, p.MaxReceiptAgeDays, de, transfersPerDay, acceptDays, noticeDays),
		"zh": fmt.Sprintf("%s：收据金额每满 %[3]d 个最小货币单位（%[4]s）即得 %[2]d 分，不足部分舍去。收据在购买后 %[5]d 天内有效。退货时收回相应积分。%[6]s积分不会过期。每天最多可将 %[7]d 分赠予他人，"+
			"对方须在 %[8]d 天内接受。任何使积分贬值的变更将提前 %[9]d 天公布。",
			p.DisplayName, p.Rate.Points, p.Rate.PerMinor, p.Currency, p.MaxReceiptAgeDays, zh, transfersPerDay, acceptDays, noticeDays),
	}
}
