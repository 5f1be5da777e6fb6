package certificates

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Times of a watch.
const (
	DefaultInterval = 3 * time.Second     // Between two looks at the files.
	warnAhead       = 30 * 24 * time.Hour // Before the end of a certificate that lives long; one that lives shorter is warned of in the last third of its life.
	warnShare       = 3
	warnEvery       = 24 * time.Hour // In the log.
)

// Outcomes of a look at files that have changed.
const (
	taken   = "taken"
	refused = "refused"
)

// Watch looks after all pairs of a gateway.
type Watch struct {
	pairs    []*Pair
	interval time.Duration
	now      func() time.Time
	log      *slog.Logger
	expiry   *prometheus.GaugeVec
	reloads  *prometheus.CounterVec
}

// New makes a watch that looks every interval. Its metrics are tally_certificate_expiry_timestamp_seconds and tally_certificate_reloads_total.
func New(interval time.Duration, log *slog.Logger, metrics prometheus.Registerer) *Watch {
	w := &Watch{
		interval: interval, now: time.Now, log: log,
		expiry: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tally_certificate_expiry_timestamp_seconds", Help: "When the gateway's certificate stops being valid, Unix seconds.",
		}, []string{"certificate"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tally_certificate_reloads_total", Help: "Changed files of certificates, by whether they were taken or refused.",
		}, []string{"certificate", "outcome"}),
	}
	metrics.MustRegister(w.expiry, w.reloads)
	return w
}

// Add has a pair watched. Not to be called after Run.
func (w *Watch) Add(p *Pair) {
	w.pairs = append(w.pairs, p)
	w.expiry.WithLabelValues(p.name).Set(float64(p.Current().Leaf().NotAfter.Unix()))
	for _, outcome := range []string{taken, refused} {
		w.reloads.WithLabelValues(p.name, outcome)
	}
}

// Run looks at the files until the context ends, whose error it returns.
func (w *Watch) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for {
		w.look()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look takes what is new, and warns of what ends.
func (w *Watch) look() {
	for _, p := range w.pairs {
		changed, err := p.look()
		switch {
		case err != nil && !p.failing:
			w.log.Error("a renewed certificate can't be used: the old one stays", "certificate", p.name, "err", err)
			w.reloads.WithLabelValues(p.name, refused).Inc()
		case changed:
			leaf := p.Current().Leaf()
			w.log.Info("a renewed certificate is in use", "certificate", p.name, "serial", fmt.Sprintf("%x", leaf.SerialNumber), "until", leaf.NotAfter)
			w.reloads.WithLabelValues(p.name, taken).Inc()
			w.expiry.WithLabelValues(p.name).Set(float64(leaf.NotAfter.Unix()))
			p.told = time.Time{}
		}
		p.failing = err != nil
		w.warn(p)
	}
}

func (w *Watch) warn(p *Pair) {
	now := w.now()
	if text := p.warning(now); text != "" && now.Sub(p.told) >= warnEvery {
		w.log.Warn("a certificate has to be renewed", "certificate", p.name, "until", p.Current().Leaf().NotAfter)
		p.told = now
	}
}

// Warnings says which certificates end soon.
func (w *Watch) Warnings() []string {
	return w.each(func(p *Pair) string { return p.warning(w.now()) })
}

// Expired says which certificates are valid no more.
func (w *Watch) Expired() []string {
	return w.each(func(p *Pair) string {
		if end := p.Current().Leaf().NotAfter; w.now().After(end) {
			return fmt.Sprintf("the certificate of %s expired at %s", p.name, end.UTC().Format(time.RFC3339))
		}
		return ""
	})
}

func (w *Watch) each(of func(*Pair) string) []string {
	var out []string
	for _, p := range w.pairs {
		if text := of(p); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// warning is empty while the certificate lives long enough.
func (p *Pair) warning(now time.Time) string {
	leaf := p.Current().Leaf()
	if leaf.NotAfter.Sub(now) > min(warnAhead, leaf.NotAfter.Sub(leaf.NotBefore)/warnShare) {
		return ""
	}
	return fmt.Sprintf("the certificate of %s has to be renewed before %s", p.name, leaf.NotAfter.UTC().Format(time.RFC3339))
}
