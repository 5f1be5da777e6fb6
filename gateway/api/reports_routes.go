package api

import (
	"context"

	"github.com/tallystick/tallystick/gateway/reports"
)

// ReportSupply says what is outstanding, what it is worth, and the reserve against it.
func (s *Server) ReportSupply(ctx context.Context, _ ReportSupplyRequestObject) (ReportSupplyResponseObject, error) {
	made, err := report(s, func(r reports.Reader) (*reports.Supply, error) { return reports.MakeSupply(ctx, r) })
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportSupply200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportSupply200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportConcentration says how points, redemptions and liabilities are spread.
func (s *Server) ReportConcentration(ctx context.Context, request ReportConcentrationRequestObject) (ReportConcentrationResponseObject, error) {
	period, err := reportPeriod(request.Params.From, request.Params.To)
	if err != nil {
		return nil, err
	}
	made, err := report(s, func(r reports.Reader) (*reports.Concentration, error) {
		return reports.MakeConcentration(ctx, r, period)
	})
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportConcentration200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportConcentration200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportFlows says what moved between brands.
func (s *Server) ReportFlows(ctx context.Context, request ReportFlowsRequestObject) (ReportFlowsResponseObject, error) {
	period, err := reportPeriod(request.Params.From, request.Params.To)
	if err != nil {
		return nil, err
	}
	made, err := report(s, func(r reports.Reader) (*reports.Flows, error) { return reports.MakeFlows(ctx, r, period) })
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportFlows200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportFlows200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportConsents shows the evidence of consents and erasures.
func (s *Server) ReportConsents(ctx context.Context, _ ReportConsentsRequestObject) (ReportConsentsResponseObject, error) {
	made, err := report(s, func(r reports.Reader) (*reports.Consents, error) { return reports.MakeConsents(ctx, r) })
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportConsents200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportConsents200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportFreezes says what was asked to be frozen and what was decided.
func (s *Server) ReportFreezes(ctx context.Context, _ ReportFreezesRequestObject) (ReportFreezesResponseObject, error) {
	made, err := report(s, func(r reports.Reader) (*reports.Freezes, error) { return reports.MakeFreezes(ctx, r) })
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportFreezes200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportFreezes200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportAdjustments lists adjustments with their reasons and approvers.
func (s *Server) ReportAdjustments(ctx context.Context, request ReportAdjustmentsRequestObject) (ReportAdjustmentsResponseObject, error) {
	period, err := reportPeriod(request.Params.From, request.Params.To)
	if err != nil {
		return nil, err
	}
	page := reportPage(request.Params.After, request.Params.Limit)
	made, err := report(s, func(r reports.Reader) (*reports.Adjustments, error) {
		return reports.MakeAdjustments(ctx, r, period, page)
	})
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportAdjustments200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportAdjustments200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportLimitedNetwork measures the volume beside the threshold for limited networks.
func (s *Server) ReportLimitedNetwork(ctx context.Context, request ReportLimitedNetworkRequestObject) (ReportLimitedNetworkResponseObject, error) {
	period, err := reportPeriod(nil, request.Params.To)
	if err != nil {
		return nil, err
	}
	made, err := report(s, func(r reports.Reader) (*reports.LimitedNetwork, error) {
		return reports.MakeLimitedNetwork(ctx, r, &s.reports.Rates, period.To)
	})
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportLimitedNetwork200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportLimitedNetwork200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}

// ReportAccesses counts what was done with personal data at this brand.
func (s *Server) ReportAccesses(ctx context.Context, request ReportAccessesRequestObject) (ReportAccessesResponseObject, error) {
	period, err := reportPeriod(request.Params.From, request.Params.To)
	if err != nil {
		return nil, err
	}
	made, err := report(s, func(r reports.Reader) (*reports.Accesses, error) {
		return reports.MakeAccesses(ctx, r, s.reports.Log, s.member, period)
	})
	if err != nil {
		return nil, err
	}
	if !wantsCSV(ctx) {
		return ReportAccesses200JSONResponse(*made), nil
	}
	body, length, err := asCSV(made)
	return ReportAccesses200TextcsvCharsetUtf8Response{Body: body, ContentLength: length}, err
}
