package api

import (
	"context"
	"io"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/reports"
)

// Reports is what the reports are made of.
type Reports struct {
	Reader reports.Reader // Nil answers NOT_FOUND to every report.
	Rates  reports.Rates
	Log    reports.AccessLog // Nil at a gateway that keeps no customers.
	Signer *reports.Signer   // Nil at a gateway that signs no reports.
}

const mimeCSV = "text/csv"

// wantsCSV says whether the caller asks for comma-separated values rather than JSON.
func wantsCSV(ctx context.Context) bool {
	c, ok := ctx.(*gin.Context)
	return ok && c.NegotiateFormat(gin.MIMEJSON, mimeCSV) == mimeCSV
}

// report makes a report, alone.
func report[T any](s *Server, f func(reports.Reader) (*T, error)) (made *T, err error) {
	if s.reports.Reader == nil {
		return nil, fault.New(fault.NotFound, "this gateway makes no reports")
	}
	err = s.alone(func() error {
		made, err = f(s.reports.Reader)
		return err
	})
	return made, err
}

// SignReport makes a report to be kept, signed with the gateway's key for reports.
func (s *Server) SignReport(ctx context.Context, r SignReportRequestObject) (SignReportResponseObject, error) {
	if s.reports.Signer == nil {
		return nil, fault.New(fault.NotFound, "this gateway signs no reports")
	}
	period, err := reportPeriod(r.Params.From, r.Params.To)
	if err != nil {
		return nil, err
	}
	signed, err := report(s, func(reader reports.Reader) (*reports.Signed, error) {
		sources := reports.Sources{Reader: reader, Rates: s.reports.Rates, Log: s.reports.Log, Member: s.member, Page: reportPage(r.Params.After, r.Params.Limit)}
		made, err := reports.Make(ctx, reports.Name(r.Report), &sources, period)
		if err != nil {
			return nil, err
		}
		return s.reports.Signer.Sign(made)
	})
	if err != nil {
		return nil, err
	}
	return SignReport200JSONResponse(*signed), nil
}

// asCSV writes a report for an answer.
func asCSV(t reports.Table) (io.Reader, int64, error) {
	var text strings.Builder
	if err := reports.WriteCSV(&text, t); err != nil {
		return nil, 0, err
	}
	return strings.NewReader(text.String()), int64(text.Len()), nil
}

// reportPeriod reads the bounds of a period; what is left out doesn't bound it.
func reportPeriod(from, to *string) (p reports.Period, err error) {
	p = reports.Always
	for _, bound := range []struct {
		name string
		text *string
		into *quantity.Day
	}{{"from", from, &p.From}, {"to", to, &p.To}} {
		if bound.text == nil {
			continue
		}
		if *bound.into, err = quantity.ParseDay(*bound.text); err != nil {
			return p, wrong(fault.InvalidValue, bound.name, "must be a day written YYYY-MM-DD, from 1970 on")
		}
	}
	return p, p.Valid()
}

// reportPage reads which page is asked for; what is left out asks for the first, or as long a one as there is.
func reportPage(after *string, limit *int) (p reports.Page) {
	if after != nil {
		p.After = *after
	}
	if limit != nil {
		p.Limit = *limit
	}
	return p
}
