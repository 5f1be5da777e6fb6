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
	if r.Name != s.programme {
		return nil, fault.New(fault.Forbidden, "this gateway administers the programme %s only", s.programme)
	}
	if s.administrator == nil {
		return nil, fault.New(fault.Forbidden, "this gateway has no operator's identity configured")
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

func programmeOf(p *points.Programme) Programme {
	out := Programme{
		Name: p.Brand, DisplayName: p.DisplayName, Msp: p.MSP, Currency: p.Currency, Simulated: p.Simulated, BusinessDate: p.BusinessDate.String(),
		Terms: make([]Terms, len(p.Terms)),
	}
	for i, t := range p.Terms {
		out.Terms[i] = Terms{
			Version: t.Version, Prose: t.Prose, Rate: Ratio{Num: t.Rate.Num, Den: t.Rate.Den}, MaxReceiptAgeDays: t.MaxReceiptAgeDays,
			UnreferencedReturns: t.UnreferencedReturns,
		}
	}
	return out
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
	return Totals{
		Operations: t.Operations, Rejected: t.Rejected, Opened: t.Opened, Issued: int64(t.Issued), Redeemed: int64(t.Redeemed),
		Recovered: int64(t.Recovered), Transferred: int64(t.Transferred), DebtIncurred: int64(t.DebtIncurred), DebtRepaid: int64(t.DebtRepaid),
		Outstanding: int64(outstanding), Debt: int64(debt),
	}, nil
}
