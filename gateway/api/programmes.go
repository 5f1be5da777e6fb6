package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// ListProgrammes lists the programmes of all members.
func (s *Server) ListProgrammes(ctx context.Context, _ ListProgrammesRequestObject) (ListProgrammesResponseObject, error) {
	all, err := s.reader.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	list := ProgrammeList{Programmes: make([]Programme, len(all))}
	for i := range all {
		list.Programmes[i] = programmeOf(&all[i])
	}
	return ListProgrammes200JSONResponse(list), nil
}

// GetProgramme tells a programme with its totals.
func (s *Server) GetProgramme(ctx context.Context, r GetProgrammeRequestObject) (GetProgrammeResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	sum, err := s.reader.Totals(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	totals, err := totalsOf(sum)
	if err != nil {
		return nil, err
	}
	body := programmeOf(&p)
	body.Totals = &totals
	return GetProgramme200JSONResponse(body), nil
}

// AdvanceBusinessDate moves the programme's business date ahead.
func (s *Server) AdvanceBusinessDate(ctx context.Context, r AdvanceBusinessDateRequestObject) (AdvanceBusinessDateResponseObject, error) {
	day, err := quantity.ParseDay(r.Body.Date)
	if err != nil {
		return nil, wrong(fault.InvalidValue, "/date", "a day must be written YYYY-MM-DD, from 1970 on")
	}
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	if err := s.advance(ctx, day); err != nil {
		return nil, err
	}
	return AdvanceBusinessDate200JSONResponse{Date: day.String()}, nil
}

// advance moves the date. Asking for the day that it is already is no mistake: a call that is sent again after a lost answer is one.
func (s *Server) advance(ctx context.Context, day quantity.Day) error {
	err := s.administrator.AdvanceBusinessDate(ctx, day)
	if fault.CodeOf(err) != fault.DateNotAllowed {
		return err
	}
	p, readErr := s.administrator.Programme(ctx)
	if readErr == nil && p.BusinessDate == day {
		return nil
	}
	return err
}

// ActivateEngine makes a newer version of the domain's behaviour the programme's.
func (s *Server) ActivateEngine(ctx context.Context, r ActivateEngineRequestObject) (ActivateEngineResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	p, err := s.administrator.ActivateEngine(ctx, r.Body.Engine)
	if err != nil {
		return nil, err
	}
	return ActivateEngine200JSONResponse{Engine: p.Engine}, nil
}

// RotateCustodian makes another key the custodian's.
func (s *Server) RotateCustodian(ctx context.Context, r RotateCustodianRequestObject) (RotateCustodianResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	key, err := s.administrator.RotateCustodian(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return RotateCustodian200JSONResponse(key), nil
}

// administers returns FORBIDDEN unless this gateway administers the programme.
func (s *Server) administers(name string) error {
	if err := s.sequences(name); err != nil {
		return err
	}
	if s.administrator == nil {
		return errNoOperator()
	}
	return nil
}

// sequences returns FORBIDDEN unless the programme is this gateway's own.
func (s *Server) sequences(name string) error {
	if name != s.programme {
		return fault.New(fault.Forbidden, "this gateway administers the programme %s only", s.programme)
	}
	return nil
}

func errNoOperator() error {
	return fault.New(fault.Forbidden, "this gateway has no operator's identity configured")
}

func programmeOf(p *points.Programme) Programme {
	out := Programme{
		Name: p.Brand, DisplayName: p.DisplayName, Msp: p.MSP, Currency: p.Currency, Simulated: p.Simulated, BusinessDate: p.BusinessDate.String(),
		Genesis: p.Genesis, Engine: p.Engine, Terms: make([]ProgrammeTerms, len(p.Terms)), RuleSets: publicationsOf(p.RuleSets),
		PriceLists: publicationsOf(p.PriceLists), Custodians: p.Custodians,
		InForce: InForce{Terms: p.Current().Version, RuleSet: inForce(p.RuleSets, p), PriceList: inForce(p.PriceLists, p)},
	}
	for i, published := range p.TermsPublished() {
		out.Terms[i] = ProgrammeTerms{Version: published.Version, Effective: published.Effective.String(), Hash: published.Hash, Parameters: p.Terms[i]}
	}
	if p.RelyingParty.ID != "" {
		out.RelyingParty = &p.RelyingParty
	}
	return out
}

// publicationsOf makes an empty list of none.
func publicationsOf(list []points.Publication) []points.Publication {
	if list == nil {
		return []points.Publication{}
	}
	return list
}

// inForce is the version that is in force on the business date; nil while there is none.
func inForce(list []points.Publication, p *points.Programme) *int {
	if now := points.InForce(list, p.BusinessDate); now != nil {
		return &now.Version
	}
	return nil
}

func totalsOf(t points.Totals) (Totals, error) {
	outstanding, err := t.Outstanding()
	if err != nil {
		return Totals{}, err
	}
	debt, err := t.Debt()
	if err != nil {
		return Totals{}, err
	}
	held, err := t.Held()
	if err != nil {
		return Totals{}, err
	}
	waiting, err := t.Waiting()
	if err != nil {
		return Totals{}, err
	}
	return Totals{
		Operations: t.Operations, Rejected: t.Rejected, Opened: t.Opened, Issued: int64(t.Issued), Redeemed: int64(t.Redeemed),
		Recovered: int64(t.Recovered), Transferred: int64(t.Transferred), DebtIncurred: int64(t.DebtIncurred), DebtRepaid: int64(t.DebtRepaid),
		Expired: int64(t.Expired), Restored: int64(t.Restored), AdjustedUp: int64(t.AdjustedUp), AdjustedDown: int64(t.AdjustedDown),
		Forfeited: int64(t.Forfeited), Pinned: int64(t.Pinned), Unpinned: int64(t.Unpinned),
		Deposited: int64(t.Deposited), Folded: int64(t.Folded), SwappedOut: int64(t.SwappedOut),
		Outstanding: int64(outstanding), Held: int64(held), Waiting: int64(waiting), Debt: int64(debt),
	}, nil
}
